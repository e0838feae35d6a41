import type { PodSandbox } from "../../nri/gen/api_pb.js";
import { lastValue } from "../../nri/go-flags.ts";
import type { Context, Handlers } from "../../nri/handlers.ts";
import { type PluginStart, type SamplePlugin, StartError, VERBOSE_FLAG } from "../sample-plugin.ts";
import { DeviceError } from "./device-error.ts";
import { readRequests } from "./device-requests.ts";
import { HeldFile } from "./held-file.ts";
import { Injector, type PodPlace } from "./injector.ts";
import { Ip } from "./ip.ts";
import { Owner } from "./owner.ts";
import { Pins } from "./pins.ts";
import { titleOf } from "./plan.ts";

const FOLDER = "/run/cni-tap/network-device-injector";
const ALL = "*";
const WRONG_CONFIGURATION = "this node's configuration of network-device-injector is wrong: ";
/** How long the start may take, with what is given back in it. */
const START_MS = 3000;
/** Which part of the runtime's time is for injecting, and which for that and undoing it. */
const INJECT_PART = 0.6;
const WHOLE_PART = 0.9;

/** nri, plugins/network-device-injector. It fails the start of a pod, and nothing else. */
export function networkDeviceInjector(): SamplePlugin {
  /** One, also if it is started again with a configuration: two would be in each other's way. */
  let running: { readonly injector: Injector; readonly folder: string } | undefined;
  return {
    flags: [
      VERBOSE_FLAG,
      {
        ...{ name: "devices", kind: "string", shown: `"${ALL}"` },
        usage:
          "devices that pods may have, such as eth1,dummy*; those in use on the host only by their full name",
      },
      {
        ...{ name: "state-dir", kind: "string", shown: `"${FOLDER}"` },
        usage: "where to remember what is in which pod; it must not outlive a reboot",
      },
    ],
    example: "-idx 10 -devices 'eth1,dummy*'",
    start({ flags, faults, say }) {
      const folder = lastValue(flags, "state-dir") ?? FOLDER;
      const allowed = (lastValue(flags, "devices") ?? ALL).split(",").map((one) => one.trim());
      if (running?.folder !== folder) {
        running?.injector.end();
        running = { injector: startInjector(folder, say), folder };
      }
      const { injector } = running;
      injector.allowed = allowed;
      // The operator has asked for something else than the default, which allows all devices.
      injector.fault = faults.length === 0 ? "" : `${WRONG_CONFIGURATION}${faults.join("; ")}`;
      return { failRequests: ["runPodSandbox"], handlers: handlersOf(injector, say) };
    },
  };
}

/** @throws {StartError} if it cannot work here */
function startInjector(folder: string, say: PluginStart["say"]): Injector {
  const ip = new Ip();
  try {
    ip.check();
  } catch (error) {
    if (error instanceof DeviceError) throw new StartError(error.message);
    throw error;
  }
  const pins = new Pins(`${folder}/netns`);
  const file = new HeldFile(`${folder}/held.json`);
  const owner = new Owner(`${folder}/pid`);
  const injector = new Injector({ ip, pins, file, owner, hostPid: process.pid, say });
  void injector.resume(performance.now() + START_MS); // events wait for it
  return injector;
}

function handlersOf(injector: Injector, say: PluginStart["say"]): Handlers {
  const release = (pod: PodSandbox, { timeoutMs }: Context) =>
    injector.release(pod.id, performance.now() + WHOLE_PART * timeoutMs);
  return {
    async synchronize(state) {
      const ids = new Set<string>();
      for await (const item of state) if (item.kind === "pod") ids.add(item.pod.id);
      injector.forgetOthers(ids);
      return undefined;
    },
    async runPodSandbox(pod, { timeoutMs }) {
      const start = performance.now();
      try {
        const requests = readRequests(pod.annotations);
        if (requests.length === 0) return;
        const undoneBy = start + WHOLE_PART * timeoutMs;
        await injector.inject(placeOf(pod), requests, start + INJECT_PART * timeoutMs, undoneBy);
      } catch (error) {
        if (error instanceof DeviceError && error.note !== "") say("info", `${titleOf(pod)}: ${error.note}`);
        const seen = error instanceof Error ? error.message : String(error);
        throw new Error(`Cannot inject devices into ${titleOf(pod)}: ${seen}`);
      }
    },
    stopPodSandbox: release,
    removePodSandbox: release, // for a pod that was stopped while the plugin was away
  };
}

function placeOf({ id, namespace, name, linux }: PodSandbox): PodPlace {
  const network = linux?.namespaces.find(({ type }) => type === "network");
  return { id, namespace, name, netns: network?.path ?? "" };
}
