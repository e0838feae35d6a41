import type { ByteString } from "./byte-string.ts";
import { escapeVariable } from "./call-line.ts";
import { redactArgs, redactText } from "./redact.ts";
import { formatTime, type Instant } from "./time.ts";

/** The events of NRI, what there was when the observer came, and what went unseen. */
export const POD_EVENTS = [
  "RunPodSandbox",
  "StopPodSandbox",
  "RemovePodSandbox",
  "Synchronize",
  "Vanished",
] as const;

/** What a line tells of. */
export type PodEvent = (typeof POD_EVENTS)[number];

/** A pod as an event tells of it. */
export interface PodFacts<Text extends string = string> {
  /** The pod sandbox's ID, which CNI plugins get as CNI_CONTAINERID. */
  readonly id: Text;
  readonly namespace: Text;
  readonly name: Text;
  readonly uid: Text;
  /** Its network namespace's path; empty on the host's network, null where the runtime told no namespaces. */
  readonly netns: Text | null;
  readonly ips: readonly Text[];
  readonly labels: Readonly<Record<string, Text>>;
}

/** What the json format tells besides. */
export interface PodLineDetails {
  readonly time: Instant;
  /** A string of the user's. */
  readonly label: ByteString | null;
}

/** `NRI_EVENT=RunPodSandbox,CNI_CONTAINERID=…,pod={…}` */
export function classicPodLine(event: PodEvent, pod: PodFacts<ByteString>, redact: boolean): string {
  const id = escapeVariable(redact ? redactText(pod.id) : pod.id);
  return `NRI_EVENT=${event},CNI_CONTAINERID=${id},pod=${podJson(pod, redact, false)}\n`;
}

export function jsonPodLine(
  event: PodEvent,
  pod: PodFacts<ByteString>,
  details: PodLineDetails,
  redact: boolean,
): string {
  const id = JSON.stringify(redact ? redactText(pod.id) : pod.id);
  return `${jsonHead(event, id, details, redact)},"pod":${podJson(pod, redact, true)}}\n`;
}

/** A line about the observer itself, in either format. */
export function noteLine(text: string, format: "classic" | "json", details: PodLineDetails): string {
  if (format === "classic") return `${text}\n`;
  return `${jsonHead(null, "null", details, true)},"note":${JSON.stringify(text)}}\n`;
}

function jsonHead(event: PodEvent | null, id: string, details: PodLineDetails, redact: boolean): string {
  const { label } = details;
  const labelled = label === null ? "" : `,"label":${JSON.stringify(redact ? redactText(label) : label)}`;
  return `{"v":1,"time":"${formatTime(details.time)}","nri":${JSON.stringify(event)},"containerId":${id}${labelled}`;
}

function podJson(pod: PodFacts<ByteString>, redact: boolean, labels: boolean): string {
  const show = (text: ByteString) => (redact ? redactText(text) : text);
  return JSON.stringify({
    namespace: show(pod.namespace),
    name: show(pod.name),
    uid: show(pod.uid),
    netns: pod.netns === null ? null : show(pod.netns),
    ips: pod.ips.map(show),
    ...(labels ? { labels: redact ? redactArgs(pod.labels) : pod.labels } : {}),
  });
}
