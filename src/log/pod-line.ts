import type { ByteString } from "./byte-string.ts";
import { escapeVariable } from "./call-line.ts";
import { redactPairs, redactText } from "./redact.ts";
import { SECRET_RULES } from "./secret-rules.ts";
import { formatTime, type Instant } from "./time.ts";

/**
 * NRI's pod events; Synchronize: a pod that ran when the observer registered; Vanished: a pod that ended
 * while the observer was not connected.
 */
export const POD_EVENTS = [
  "RunPodSandbox",
  "StopPodSandbox",
  "RemovePodSandbox",
  "Synchronize",
  "Vanished",
] as const;

export type PodEvent = (typeof POD_EVENTS)[number];

/** The facts about a pod that an event reports. */
export interface PodFacts<Text extends string = string> {
  /** The pod sandbox ID, which CNI plugins get as CNI_CONTAINERID. */
  readonly id: Text;
  readonly namespace: Text;
  readonly name: Text;
  readonly uid: Text;
  /** Path of its network namespace; "" on the host's network, null if the event has no namespaces. */
  readonly netns: Text | null;
  readonly ips: readonly Text[];
  readonly labels: Readonly<Record<string, Text>>;
}

/** Further fields of the json format. */
export interface PodLineDetails {
  readonly time: Instant;
  /** A string from the configuration, or null. */
  readonly label: ByteString | null;
}

/** `NRI_EVENT=RunPodSandbox,CNI_CONTAINERID=…,pod={…}` */
export function classicPodLine(event: PodEvent, pod: PodFacts<ByteString>, redact: boolean): string {
  const id = escapeVariable(redact ? redactText(pod.id, SECRET_RULES) : pod.id);
  return `NRI_EVENT=${event},CNI_CONTAINERID=${id},pod=${podJson(pod, redact, false)}\n`;
}

/** A pod event in the json format. */
export function jsonPodLine(
  event: PodEvent,
  pod: PodFacts<ByteString>,
  details: PodLineDetails,
  redact: boolean,
): string {
  const id = JSON.stringify(redact ? redactText(pod.id, SECRET_RULES) : pod.id);
  return `${jsonHead(event, id, details, redact)},"pod":${podJson(pod, redact, true)}}\n`;
}

/** A line about the observer itself, in either format. */
export function noteLine(text: string, format: "classic" | "json", details: PodLineDetails): string {
  if (format === "classic") return `${text}\n`;
  return `${jsonHead(null, "null", details, true)},"note":${JSON.stringify(text)}}\n`;
}

function jsonHead(event: PodEvent | null, id: string, details: PodLineDetails, redact: boolean): string {
  const { label } = details;
  const labelled =
    label === null ? "" : `,"label":${JSON.stringify(redact ? redactText(label, SECRET_RULES) : label)}`;
  return `{"v":1,"time":"${formatTime(details.time)}","nri":${JSON.stringify(event)},"containerId":${id}${labelled}`;
}

function podJson(pod: PodFacts<ByteString>, redact: boolean, labels: boolean): string {
  const show = (text: ByteString) => (redact ? redactText(text, SECRET_RULES) : text);
  return JSON.stringify({
    namespace: show(pod.namespace),
    name: show(pod.name),
    uid: show(pod.uid),
    netns: pod.netns === null ? null : show(pod.netns),
    ips: pod.ips.map(show),
    ...(labels ? { labels: redact ? redactPairs(pod.labels, SECRET_RULES) : pod.labels } : {}),
  });
}
