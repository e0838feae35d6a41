import { Adjustment } from "../../nri/adjustment.ts";
import { type GoFlag, type GoValues, lastValue } from "../../nri/go-flags.ts";
import type { Handlers } from "../../nri/handlers.ts";
import { type Dumped, dumpLines } from "../dump.ts";
import { type PluginStart, type SamplePlugin, StartError } from "../sample-plugin.ts";
import { parseEvents } from "./events.ts";

const flag = (name: string, usage: string): GoFlag => ({ name, kind: "string", usage });

/** nri, plugins/logger: shows each event, and may mark the containers that are created. */
export const logger: SamplePlugin = {
  flags: [
    flag("events", "comma-separated events to log, such as RunPodSandbox,StartContainer; default: all"),
    flag("add-annotation", "add this annotation to containers"),
    flag("set-annotation", "set this annotation on containers, whoever has set it before"),
    flag("add-env", "add this environment variable to containers"),
    flag("set-env", "set this environment variable for containers, whoever has set it before"),
  ],
  example: "-idx 00 -events RunPodSandbox,RemovePodSandbox",
  start: ({ flags, say }) => {
    try {
      const events = parseEvents(lastValue(flags, "events") ?? "");
      return { events, handlers: handlersOf(say, () => markOf(flags)) };
    } catch (error) {
      throw new StartError(`failed to parse events: ${error instanceof Error ? error.message : error}`);
    }
  },
};

function handlersOf(say: PluginStart["say"], mark: () => Adjustment): Handlers {
  /** The runtime has its answer before anything is said. What cannot be shown ends nothing. */
  const dump = (event: string, objects: Readonly<Record<string, Dumped>>) =>
    void setImmediate(() => {
      try {
        say("info", dumpLines(event, objects));
      } catch (error) {
        say("error", `Cannot show ${event}: ${error instanceof Error ? error.message : error}`);
      }
    });
  const ofPod = (event: string) => (pod: Dumped) => dump(event, { pod });
  const ofContainer = (event: string) => (pod: Dumped, container: Dumped) => {
    dump(event, { pod, container });
    return undefined;
  };
  return {
    synchronize: async (state) => {
      const { pods, containers } = await state.collect();
      dump("Synchronize", { pods, containers });
      return undefined;
    },
    runPodSandbox: ofPod("RunPodSandbox"),
    updatePodSandbox: (pod, overHeadResources, resources) =>
      dump("UpdatePodSandbox", { pod, overHeadResources, resources }),
    postUpdatePodSandbox: ofPod("PostUpdatePodSandbox"),
    stopPodSandbox: ofPod("StopPodSandbox"),
    removePodSandbox: ofPod("RemovePodSandbox"),
    createContainer: (pod, container) => {
      dump("CreateContainer", { pod, container });
      return { adjust: mark() };
    },
    postCreateContainer: ofContainer("PostCreateContainer"),
    startContainer: ofContainer("StartContainer"),
    postStartContainer: ofContainer("PostStartContainer"),
    updateContainer: (pod, container, resources) => {
      dump("UpdateContainer", { pod, container, resources });
      return undefined;
    },
    postUpdateContainer: ofContainer("PostUpdateContainer"),
    stopContainer: ofContainer("StopContainer"),
    removeContainer: ofContainer("RemoveContainer"),
    validateContainerAdjustment: (request) => {
      dump("ValidateContainerAdjustment", { request });
      return undefined;
    },
  };
}

/** What the flags want of a new container. */
function markOf(flags: GoValues): Adjustment {
  const key = (name: string) => lastValue(flags, name) || undefined;
  const value = `logger-pid-${process.pid}`;
  const adjust = new Adjustment();
  const [addAnnotation, setAnnotation] = [key("add-annotation"), key("set-annotation")];
  if (addAnnotation) adjust.addAnnotation(addAnnotation, value);
  if (setAnnotation) adjust.removeAnnotation(setAnnotation).addAnnotation(setAnnotation, value);
  const [addEnv, setEnv] = [key("add-env"), key("set-env")];
  if (addEnv) adjust.addEnv(addEnv, value);
  if (setEnv) adjust.removeEnv(setEnv).addEnv(setEnv, value);
  return adjust;
}
