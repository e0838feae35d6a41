import type { ByteString } from "./byte-string.ts";
import { escapeVariable } from "./call-line.ts";
import { redactPairs, redactText, type SecretRules } from "./redact.ts";
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
export function classicPodLine(event: PodEvent, pod: PodFacts<ByteString>, rules: SecretRules | null): string {
  const id = escapeVariable(rules ? redactText(pod.id, rules) : pod.id);
  return `NRI_EVENT=${event},CNI_CONTAINERID=${id},pod=${podJson(pod, rules, false)}\n`;
}

/** A pod event in the json format. `rules`: what is hidden; null: nothing. */
export function jsonPodLine(
  event: PodEvent,
  pod: PodFacts<ByteString>,
  details: PodLineDetails,
  rules: SecretRules | null,
): string {
  const id = JSON.stringify(rules ? redactText(pod.id, rules) : pod.id);
  return `${jsonHead(event, id, details, rules)},"pod":${podJson(pod, rules, true)}}\n`;
}

/** A line about the observer itself, in either format. */
export function noteLine(
  text: string,
  format: "classic" | "json",
  details: PodLineDetails,
  rules: SecretRules,
): string {
  if (format === "classic") return `${text}\n`;
  return `${jsonHead(null, "null", details, rules)},"note":${JSON.stringify(text)}}\n`;
}

function jsonHead(event: PodEvent | null, id: string, details: PodLineDetails, rules: SecretRules | null): string {
  const { label } = details;
  const labelled =
    label === null ? "" : `,"label":${JSON.stringify(rules ? redactText(label, rules) : label)}`;
  return `{"v":1,"time":"${formatTime(details.time)}","nri":${JSON.stringify(event)},"containerId":${id}${labelled}`;
}

function podJson(pod: PodFacts<ByteString>, rules: SecretRules | null, labels: boolean): string {
  const show = (text: ByteString) => (rules ? redactText(text, rules) : text);
  return JSON.stringify({
    namespace: show(pod.namespace),
    name: show(pod.name),
    uid: show(pod.uid),
    netns: pod.netns === null ? null : show(pod.netns),
    ips: pod.ips.map(show),
    ...(labels ? { labels: rules ? redactPairs(pod.labels, rules) : pod.labels } : {}),
  });
}
