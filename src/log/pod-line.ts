import { asByteString, type ByteString } from "./byte-string.ts";
import { escapeVariable } from "./call-line.ts";
import { hidden, redactText, type SecretRules } from "./redact.ts";

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

/** A pod to be logged: its labels are keys and values in turn. */
export type LoggedPod = Omit<PodFacts<ByteString>, "labels"> & { readonly labels: readonly ByteString[] };

/** What makes lines of texts: in a native program the host, for which a loop over characters costs nothing. */
export interface LineTexts extends SecretRules {
  /** Whether one of the texts holds a secret. From number `pairs` on they are keys and values in turn. */
  anySecret(texts: readonly ByteString[], pairs: number): boolean;
  /** All texts in one, those with an even number as they are, the others as JSON strings. */
  jsonText(texts: readonly ByteString[]): ByteString;
}

const EMPTY = asByteString("");

/** Further fields of the json format. */
export interface PodLineDetails {
  /** RFC 3339. */
  readonly time: string;
  /** A string from the configuration, or null. */
  readonly label: ByteString | null;
}

/** `NRI_EVENT=RunPodSandbox,CNI_CONTAINERID=…,pod={…}` */
export function classicPodLine(
  event: PodEvent,
  pod: LoggedPod,
  texts: LineTexts,
  redact: boolean,
): ByteString {
  const shown = redact ? withoutSecrets({ ...pod, labels: [] }, texts) : pod; // its labels are not logged
  const line: string[] = [];
  addPod(line, `NRI_EVENT=${event},CNI_CONTAINERID=${escapeVariable(shown.id)},pod=`, shown);
  line.push(`${line.pop()}}\n`);
  return texts.jsonText(line as ByteString[]);
}

/** A pod event in the json format. */
export function jsonPodLine(
  event: PodEvent,
  pod: LoggedPod,
  details: PodLineDetails,
  texts: LineTexts,
  redact: boolean,
): ByteString {
  const shown = redact ? withoutSecrets(pod, texts) : pod;
  const line: string[] = [`{"v":1,"time":"${details.time}","nri":"${event}","containerId":`, shown.id];
  const { label } = details;
  if (label !== null) line.push(',"label":', redact ? redactText(label, texts) : label);
  addPod(line, ',"pod":', shown);
  const { labels } = shown;
  let between = `${line.pop()},"labels":{`;
  for (let i = 0; i < labels.length; i += 2) {
    line.push(between, labels[i] ?? "", ":", labels[i + 1] ?? "");
    between = ",";
  }
  line.push(labels.length === 0 ? `${between}}}}\n` : "}}}\n");
  return texts.jsonText(line as ByteString[]);
}

/** A line about the observer itself, in either format. */
export function noteLine(
  text: ByteString,
  format: "classic" | "json",
  details: PodLineDetails,
  texts: LineTexts,
): ByteString {
  if (format === "classic") return asByteString(`${text}\n`);
  const { time, label } = details;
  const start = `{"v":1,"time":"${time}","nri":null,"containerId":null`;
  const line =
    label === null
      ? [`${start},"note":`, text, "}\n"]
      : [`${start},"label":`, redactText(label, texts), ',"note":', text, "}\n"];
  return texts.jsonText(line as ByteString[]);
}

/*
 * A line is a list for `LineTexts.jsonText`: a part as it is and a text in turn.
 */

/** Adds the pod without its labels and its last brace. The last part is one as it is. */
function addPod(line: string[], start: string, { namespace, name, uid, netns, ips }: LoggedPod): void {
  line.push(`${start}{"namespace":`, namespace, ',"name":', name, ',"uid":', uid);
  if (netns !== null) line.push(',"netns":', netns);
  let between = netns === null ? ',"netns":null,"ips":[' : ',"ips":[';
  for (const ip of ips) {
    line.push(between, ip);
    between = ",";
  }
  line.push(ips.length === 0 ? `${between}]` : "]");
}

function withoutSecrets(pod: LoggedPod, texts: LineTexts): LoggedPod {
  const { id, namespace, name, uid, netns, ips, labels } = pod;
  const own = [id, namespace, name, uid, netns ?? EMPTY];
  if (!texts.anySecret(own.concat(ips, labels), own.length + ips.length)) return pod;
  const show = (text: ByteString) => redactText(text, texts);
  return {
    ...{ id: show(id), namespace: show(namespace), name: show(name), uid: show(uid) },
    netns: netns === null ? null : show(netns),
    ips: ips.map(show),
    labels: labels.map((text, index) => {
      const hides = index % 2 === 1 && texts.isSecretKey(labels[index - 1] ?? "");
      return hides ? asByteString(hidden(text.length)) : show(text);
    }),
  };
}
