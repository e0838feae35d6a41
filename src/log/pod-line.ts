import { asByteString, type ByteString } from "./byte-string.ts";
import { escapeVariable } from "./call-line.ts";
import { hidden, redactText, type SecretRules } from "./redact.ts";
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
  readonly time: Instant;
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
  const line = new Parts(`NRI_EVENT=${event},CNI_CONTAINERID=${escapeVariable(shown.id)},pod=`);
  addPod(line, shown);
  return texts.jsonText(line.end("}\n"));
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
  const line = new Parts(`${jsonStart(details)}"${event}","containerId":`);
  line.text(shown.id);
  addLabel(line, details, texts, redact);
  line.raw(',"pod":');
  addPod(line, shown);
  line.raw(',"labels":{');
  for (let i = 0; i < shown.labels.length; i += 2) {
    if (i > 0) line.raw(",");
    line.text(shown.labels[i] ?? "");
    line.raw(":");
    line.text(shown.labels[i + 1] ?? "");
  }
  return texts.jsonText(line.end("}}}\n"));
}

/** A line about the observer itself, in either format. */
export function noteLine(
  text: ByteString,
  format: "classic" | "json",
  details: PodLineDetails,
  texts: LineTexts,
): ByteString {
  if (format === "classic") return asByteString(`${text}\n`);
  const line = new Parts(`${jsonStart(details)}null,"containerId":null`);
  addLabel(line, details, texts, true);
  line.raw(',"note":');
  line.text(text);
  return texts.jsonText(line.end("}\n"));
}

/** Parts for `LineTexts.jsonText`. */
class Parts {
  readonly #parts: string[] = [];
  #raw: string;

  constructor(start: string) {
    this.#raw = start;
  }

  raw(text: string): void {
    this.#raw += text;
  }

  text(text: string): void {
    this.#parts.push(this.#raw, text);
    this.#raw = "";
  }

  end(text: string): readonly ByteString[] {
    this.#parts.push(this.#raw + text);
    return this.#parts as ByteString[];
  }
}

function jsonStart({ time }: PodLineDetails): string {
  return `{"v":1,"time":"${formatTime(time)}","nri":`;
}

function addLabel(line: Parts, { label }: PodLineDetails, texts: LineTexts, redact: boolean): void {
  if (label === null) return;
  line.raw(',"label":');
  line.text(redact ? redactText(label, texts) : label);
}

/** The pod without its labels and the last brace. */
function addPod(line: Parts, { namespace, name, uid, netns, ips }: LoggedPod): void {
  line.raw('{"namespace":');
  line.text(namespace);
  line.raw(',"name":');
  line.text(name);
  line.raw(',"uid":');
  line.text(uid);
  line.raw(',"netns":');
  if (netns === null) line.raw("null");
  else line.text(netns);
  line.raw(',"ips":[');
  ips.forEach((ip, index) => {
    if (index > 0) line.raw(",");
    line.text(ip);
  });
  line.raw("]");
}

function withoutSecrets(pod: LoggedPod, texts: LineTexts): LoggedPod {
  const { id, namespace, name, uid, netns, ips, labels } = pod;
  const own = [id, namespace, name, uid, netns ?? EMPTY, ...ips];
  if (!texts.anySecret([...own, ...labels], own.length)) return pod;
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
