import type { LoggedPod } from "../log/pod-line.ts";
import type { Saying } from "./observer.ts";

const VERBS: Readonly<Record<Saying, string>> = {
  found: "pod",
  started: "Started pod",
  stopped: "Stopped pod",
  removed: "Removed pod",
  vanished: "Vanished pod", // not in the original: it ended while the observer was not connected
};

/** A byte string: a sentence of containerd's network-logger (nri, plugins/network-logger) with the pod sandbox ID. */
export function podSentence(saying: Saying, { namespace, name, netns, ips, id }: LoggedPod): string {
  const where = saying === "found" || saying === "started" ? `namespace=${netns || "<host-network>"} ` : "";
  return `${VERBS[saying]} ${namespace}/${name}: ${where}ips=[${ips.join(" ")}] id=${id}`;
}
