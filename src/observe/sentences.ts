import type { PodFacts } from "../log/pod-line.ts";

/* The sentences of containerd's network-logger (nri, plugins/network-logger) with the pod sandbox ID. */

export function foundSentence(pod: PodFacts): string {
  return `pod ${title(pod)}: ${namespaceWords(pod)} ${tail(pod)}`;
}

export function startedSentence(pod: PodFacts): string {
  return `Started pod ${title(pod)}: ${namespaceWords(pod)} ${tail(pod)}`;
}

export function stoppedSentence(pod: PodFacts): string {
  return `Stopped pod ${title(pod)}: ${tail(pod)}`;
}

export function removedSentence(pod: PodFacts): string {
  return `Removed pod ${title(pod)}: ${tail(pod)}`;
}

/** Not in the original: a pod that ended while the observer was not connected. */
export function vanishedSentence(pod: PodFacts): string {
  return `Vanished pod ${title(pod)}: ${tail(pod)}`;
}

export function synchronizedSentence(pods: number, containers: number): string {
  return `Synchronized state with the runtime (${pods} pods, ${containers} containers)...`;
}

export const shutdownSentence = "Runtime shutting down...";

function title({ namespace, name }: PodFacts): string {
  return `${namespace}/${name}`;
}

function namespaceWords({ netns }: PodFacts): string {
  return `namespace=${netns || "<host-network>"}`;
}

function tail({ ips, id }: PodFacts): string {
  return `ips=[${ips.join(" ")}] id=${id}`;
}
