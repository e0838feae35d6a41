import { type GoFlag, lastValue } from "../../nri/go-flags.ts";
import type { Handlers } from "../../nri/handlers.ts";
import { parseEvents } from "../logger/events.ts";
import { type SamplePlugin, StartError } from "../sample-plugin.ts";

/** Flags of the logger that it was made of. Only a wrong `-events` has an effect. */
const UNUSED = ["events", "add-annotation", "set-annotation", "add-env", "set-env"];

/** A line for each event of a pod or container, with its name. It changes nothing. */
export const simpleLogger: SamplePlugin = {
  flags: UNUSED.map((name): GoFlag => ({ name, kind: "string", usage: "accepted, without effect" })),
  example: "-idx 10",
  start({ flags, say }) {
    try {
      parseEvents(lastValue(flags, "events") ?? "");
    } catch (error) {
      throw new StartError(`failed to parse events: ${error instanceof Error ? error.message : error}`);
    }
    const ofPod = (what: string) => (pod: { readonly name: string }) => say("info", `${what} ${pod.name}`);
    const ofContainer = (what: string) => (_: unknown, container: { readonly name: string }) => {
      say("info", `${what} ${container.name}`);
      return undefined;
    };
    const handlers: Handlers = {
      runPodSandbox: ofPod("Run PodSandbox"),
      stopPodSandbox: ofPod("Stop PodSandbox"),
      removePodSandbox: ofPod("Remove PodSandbox"),
      createContainer: ofContainer("Create Container"),
      postCreateContainer: ofContainer("Post Create Container"),
      startContainer: ofContainer("Start Container"),
      postStartContainer: ofContainer("Post Start Container"),
      updateContainer: ofContainer("Update Container"),
      postUpdateContainer: ofContainer("Post Update Container"),
      stopContainer: ofContainer("Stop Container"),
      removeContainer: ofContainer("Remove Container"),
    };
    return { handlers };
  },
};
