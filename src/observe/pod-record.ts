import { asByteString, type ByteString } from "../log/byte-string.ts";
import type { PodFacts } from "../log/pod-line.ts";
import { type FieldHost, FieldSet } from "./wire-message.ts";

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
  id: 0,
  name: 1,
  uid: 2,
  namespace: 3,
  label: 4,
  labelKey: 5,
  labelValue: 6,
  linuxNamespace: 7,
  linuxNamespaceType: 8,
  linuxNamespacePath: 9,
  ip: 10,
};

/**
 * Keeps pods as records: a PodSandbox with the fields that are reported, as bytes. It takes no object and a fifth of
 * the memory of its facts, and is only read when a line is made of it.
 */
export class PodReader {
  readonly #fields: FieldSet;
  readonly #texts: FieldSet;

  constructor(host: FieldHost) {
    this.#texts = new FieldSet(host, TEXT_PATHS);
    this.#fields = new FieldSet(host, Object.values(POD_PATHS));
  }

  /** The record of the PodSandbox at these spans. @throws if it cannot be decoded */
  keep(bytes: Uint8Array, spans: readonly number[]): ByteString {
    return this.#texts.keep(bytes, spans);
  }

  /** The pod sandbox ID alone. */
  idOf(record: ByteString): ByteString {
    let id = "";
    this.#fields.read(record, (path, start, end) => {
      if (path === AT.id) id = record.slice(start, end);
    });
    return asByteString(id);
  }

  /** @throws if it is no record */
  factsOf(record: ByteString): PodFacts<ByteString> {
    let [id, name, uid, namespace, key, value, type, path] = ["", "", "", "", "", "", "", ""];
    const ips: ByteString[] = [];
    const labels: Record<string, ByteString> = Object.create(null); // a label may be named __proto__
    let [inLabel, inNamespace, hasNamespaces] = [false, false, false];
    let network: string | null = null;
    const finish = () => {
      if (inLabel) labels[key] = asByteString(value);
      if (inNamespace && type === "network") network ??= path;
      inLabel = inNamespace = false;
    };
    this.#fields.read(record, (at, start, end) => {
      switch (at) {
        case AT.id:
          id = record.slice(start, end);
          break;
        case AT.name:
          name = record.slice(start, end);
          break;
        case AT.uid:
          uid = record.slice(start, end);
          break;
        case AT.namespace:
          namespace = record.slice(start, end);
          break;
        case AT.label:
          finish();
          inLabel = true;
          key = value = "";
          break;
        case AT.labelKey:
          key = record.slice(start, end);
          break;
        case AT.labelValue:
          value = record.slice(start, end);
          break;
        case AT.linuxNamespace:
          finish();
          inNamespace = hasNamespaces = true;
          type = path = "";
          break;
        case AT.linuxNamespaceType:
          type = record.slice(start, end);
          break;
        case AT.linuxNamespacePath:
          path = record.slice(start, end);
          break;
        case AT.ip:
          ips.push(asByteString(record.slice(start, end)));
          break;
        default:
      }
    });
    finish();
    const netns = hasNamespaces ? asByteString(network ?? "") : null;
    const [bareId, bareName, bareUid] = [asByteString(id), asByteString(name), asByteString(uid)];
    return {
      id: bareId,
      namespace: asByteString(namespace),
      name: bareName,
      uid: bareUid,
      netns,
      ips,
      labels,
    };
  }
}
