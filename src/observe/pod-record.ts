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

/* The places in POD_PATHS. */
const NAMESPACE = 3;
const LABEL = 4;
const LABEL_KEY = 5;
const LABEL_VALUE = 6;
const LINUX_NAMESPACE = 7;
const LINUX_NAMESPACE_TYPE = 8;
const LINUX_NAMESPACE_PATH = 9;

const NETWORK = asByteString("network");

/**
 * Keeps pods as records: a PodSandbox with the fields that are reported, as bytes. It takes no object and a fifth of
 * the memory of its facts, and is only read when a line is made of it.
 */
export class PodReader {
  readonly #texts: FieldSet;
  readonly #all: FieldSet;
  readonly #id: FieldSet;

  constructor(host: FieldHost) {
    this.#texts = new FieldSet(host, TEXT_PATHS);
    this.#all = new FieldSet(host, Object.values(POD_PATHS));
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

  /** What is told of a pod. @throws if it is no record */
  factsOf(record: ByteString): LoggedPod {
    return readPod(record, this.#all.find(record));
  }
}

/** Reads a record with its fields: three numbers each, the place in POD_PATHS, start and end. */
function readPod(record: ByteString, spans: Int32Array): LoggedPod {
  const texts: ByteString[] = [EMPTY, EMPTY, EMPTY, EMPTY];
  const ips: ByteString[] = [];
  const labels: ByteString[] = [];
  let hasNamespaces = false;
  let [type, path] = [EMPTY, EMPTY];
  let network: ByteString | null = null;
  for (let i = 0, end = spans.length; i < end; i += 3) {
    const at = spans[i] as number;
    if (at === LABEL) labels.push(EMPTY, EMPTY);
    else if (at === LINUX_NAMESPACE) {
      if (type === NETWORK) network ??= path;
      hasNamespaces = true;
      type = path = EMPTY;
    } else {
      const text = record.slice(spans[i + 1], spans[i + 2]) as ByteString;
      if (at === LABEL_KEY) labels[labels.length - 2] = text;
      else if (at === LABEL_VALUE) labels[labels.length - 1] = text;
      else if (at === LINUX_NAMESPACE_TYPE) type = text;
      else if (at === LINUX_NAMESPACE_PATH) path = text;
      else if (at <= NAMESPACE) texts[at] = text;
      else ips.push(text);
    }
  }
  if (type === NETWORK) network ??= path;
  const netns = hasNamespaces ? (network ?? EMPTY) : null;
  const [id = EMPTY, name = EMPTY, uid = EMPTY, namespace = EMPTY] = texts;
  return { id, namespace, name, uid, netns, ips, labels: lastOfEach(labels) };
}

/** Of keys that come more than once, the last value, as in a map of Protocol Buffers. */
function lastOfEach(labels: readonly ByteString[]): readonly ByteString[] {
  const values = new Map<ByteString, ByteString>();
  for (let i = 0; i < labels.length; i += 2) values.set(labels[i] ?? EMPTY, labels[i + 1] ?? EMPTY);
  return 2 * values.size === labels.length ? labels : [...values].flat();
}
