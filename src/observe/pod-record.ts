import { asByteString, type ByteString } from "../log/byte-string.ts";
import type { LoggedPod } from "../log/pod-line.ts";
import { type FieldHost, FieldSet } from "./wire-message.ts";

const EMPTY = asByteString("");

/** What of a PodSandbox (api.proto) is kept, and what the paths in it are. A test compares them with the API. */
export const POD_PATHS = {
  id: [1],
  name: [2],
  uid: [3],
  namespace: [4],
  label: [5],
  labelKey: [5, 1],
  labelValue: [5, 2],
  linuxNamespace: [8, 5],
  linuxNamespaceType: [8, 5, 1],
  linuxNamespacePath: [8, 5, 2],
  ip: [10],
} as const;

/** The paths of texts: what is kept is checked to be UTF-8, which the lengths inside of a label are not. */
const TEXT_PATHS = Object.values(POD_PATHS).filter(
  (path) => path !== POD_PATHS.label && path !== POD_PATHS.linuxNamespace,
);

/** The places in POD_PATHS. */
const AT = {
  ...{ id: 0, name: 1, uid: 2, namespace: 3, label: 4, labelKey: 5, labelValue: 6 },
  ...{ linuxNamespace: 7, linuxNamespaceType: 8, linuxNamespacePath: 9, ip: 10 },
} as const;

/** Paths of fields that there are not, in the places of those that sentences do not tell. */
const SAID_PATHS = { ...POD_PATHS, label: [536870909], labelKey: [536870910], labelValue: [536870911] };

const NETWORK = "network";

/**
 * Keeps pods as records: a PodSandbox with the fields that are reported, as bytes. It takes no object and a fifth of
 * the memory of its facts, and is only read when a line is made of it.
 */
export class PodReader {
  readonly #texts: FieldSet;
  readonly #all: FieldSet;
  readonly #said: FieldSet;
  readonly #id: FieldSet;

  constructor(host: FieldHost) {
    this.#texts = new FieldSet(host, TEXT_PATHS);
    this.#all = new FieldSet(host, Object.values(POD_PATHS));
    this.#said = new FieldSet(host, Object.values(SAID_PATHS));
    this.#id = new FieldSet(host, [POD_PATHS.id]);
  }

  /** The record of the PodSandbox at these spans. @throws if it cannot be decoded */
  keep(bytes: Uint8Array, spans: readonly number[]): ByteString {
    return this.#texts.keep(bytes, spans);
  }

  /** The pod sandbox ID alone. @throws if it is no record */
  idOf(record: ByteString): ByteString {
    const spans = this.#id.find(record);
    const last = spans.length - 3;
    return asByteString(last < 0 ? "" : record.slice(spans[last + 1], spans[last + 2]));
  }

  /** What a sentence tells of a pod: it has no labels. @throws if it is no record */
  saidOf(record: ByteString): LoggedPod {
    return readPod(record, this.#said.find(record));
  }

  /** What a line tells of a pod. @throws if it is no record */
  factsOf(record: ByteString): LoggedPod {
    return readPod(record, this.#all.find(record));
  }
}

/** Reads a record with its fields: three numbers each, the place in POD_PATHS, start and end. */
function readPod(record: ByteString, spans: Int32Array): LoggedPod {
  const texts = ["", "", "", ""];
  const ips: ByteString[] = [];
  const labels: ByteString[] = [];
  let hasNamespaces = false;
  let [type, path] = ["", ""];
  let network: string | null = null;
  for (let i = 0; i < spans.length; i += 3) {
    const at = spans[i] ?? 0;
    if (at === AT.label) {
      labels.push(EMPTY, EMPTY);
      continue;
    }
    if (at === AT.linuxNamespace) {
      if (type === NETWORK) network ??= path;
      hasNamespaces = true;
      type = path = "";
      continue;
    }
    const text = asByteString(record.slice(spans[i + 1], spans[i + 2]));
    if (at <= AT.namespace) texts[at] = text;
    else if (at === AT.labelKey) labels[labels.length - 2] = text;
    else if (at === AT.labelValue) labels[labels.length - 1] = text;
    else if (at === AT.linuxNamespaceType) type = text;
    else if (at === AT.linuxNamespacePath) path = text;
    else ips.push(text);
  }
  if (type === NETWORK) network ??= path;
  const netns = hasNamespaces ? asByteString(network ?? "") : null;
  const [id = "", name = "", uid = "", namespace = ""] = texts as ByteString[];
  return {
    ...{
      id: asByteString(id),
      namespace: asByteString(namespace),
      name: asByteString(name),
      uid: asByteString(uid),
    },
    ...{ netns, ips, labels: lastOfEach(labels) },
  };
}

/** Of keys that come more than once, the last value, as in a map of Protocol Buffers. */
function lastOfEach(labels: readonly ByteString[]): readonly ByteString[] {
  const values = new Map<ByteString, ByteString>();
  for (let i = 0; i < labels.length; i += 2) values.set(labels[i] ?? EMPTY, labels[i + 1] ?? EMPTY);
  return 2 * values.size === labels.length ? labels : [...values].flat();
}
