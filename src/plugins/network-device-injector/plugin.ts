import type { PodSandbox } from "../../nri/gen/api_pb.js";
import { lastValue } from "../../nri/go-flags.ts";
import type { Context } from "../../nri/handlers.ts";
import { type SamplePlugin, StartError, VERBOSE_FLAG } from "../sample-plugin.ts";
import { DeviceError } from "./device-error.ts";
import { readRequests } from "./device-requests.ts";
import { HeldFile } from "./held-file.ts";
import { Injector, type PodPlace } from "./injector.ts";
import { Ip } from "./ip.ts";
import { Pins } from "./pins.ts";
import { titleOf } from "./plan.ts";

const FOLDER = "/run/cni-tap/network-device-injector";
const ALL = "*";
/** How long the start may take, with what is given back in it. */
const START_MS = 3000;
/** Which part of the runtime's time is for injecting, and which for that and undoing it. */
const INJECT_PART = 0.5;
const WHOLE_PART = 0.85;

/** nri, plugins/network-device-injector. It fails the start of a pod, and nothing else. */
export const networkDeviceInjector: SamplePlugin = {
  flags: [
    VERBOSE_FLAG,
    {
      ...{ name: "devices", kind: "string", shown: `"${ALL}"` },
      usage: "devices that pods may have, such as eth1,dummy*: the host's uplink only if it is named in full",
    },
    {
      ...{ name: "state-dir", kind: "string", shown: `"${FOLDER}"` },
      usage: "where to remember what is in which pod; it must not outlive a reboot",
    },
  ],
  example: "-idx 10 -devices 'eth1,dummy*'",
  async start({ flags, say }) {
    const folder = lastValue(flags, "state-dir") ?? FOLDER;
    const allowed = (lastValue(flags, "devices") ?? ALL).split(",").map((one) => one.trim());
    const ip = new Ip();
    const injector = new Injector({
      ...{ ip, pins: new Pins(`${folder}/netns`), file: new HeldFile(`${folder}/held.json`) },
      ...{ hostPid: process.pid, allowed, say },
    });
    try {
      const deadline = performance.now() + START_MS;
      await ip.check(deadline);
      await injector.resume(deadline);
    } catch (error) {
      if (error instanceof DeviceError) throw new StartError(error.message);
      throw error;
    }
    const release = (pod: PodSandbox, { timeoutMs }: Context) =>
      injector.release(pod.id, performance.now() + WHOLE_PART * timeoutMs);
    return {
      failRequests: ["runPodSandbox"],
      handlers: {
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
            const seen = error instanceof Error ? error.message : String(error);
            throw new Error(`Cannot inject devices into ${titleOf(pod)}: ${seen}`);
          }
        },
        stopPodSandbox: release,
        removePodSandbox: release, // for a pod that was stopped while the plugin was away
      },
    };
  },
};

function placeOf({ id, namespace, name, linux }: PodSandbox): PodPlace {
  const network = linux?.namespaces.find(({ type }) => type === "network");
  return { id, namespace, name, netns: network?.path ?? "" };
}
