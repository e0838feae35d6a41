import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Container, ContainerSchema, type PodSandbox, PodSandboxSchema } from "./gen/api_pb.js";
import type { NriError } from "./nri-error.ts";

/** A pod or container that existed before the plugin registered. */
export type SynchronizeItem =
  | { readonly kind: "pod"; readonly pod: PodSandbox }
  | { readonly kind: "container"; readonly container: Container };

/** The field numbers of SynchronizeRequest (api.proto). */
const Field = { pods: 1, containers: 2, more: 3 } as const;

/** A SynchronizeRequest whose pods and containers are still bytes. */
export interface SynchronizePart {
  readonly more: boolean;
  /** Decodes them one by one. @throws if one cannot be decoded */
  items(): Iterable<SynchronizeItem>;
}

/** Scans a SynchronizeRequest. @throws if its top level cannot be read */
export function readPart(payload: Uint8Array): SynchronizePart {
  let more = false;
  for (const [field, reader] of fields(payload)) if (field === Field.more) more = reader.bool();
  return { more, items: () => decodeItems(payload) };
}

function* decodeItems(payload: Uint8Array): Iterable<SynchronizeItem> {
  const options = { readUnknownFields: false };
  for (const [field, reader] of fields(payload)) {
    if (field === Field.pods)
      yield { kind: "pod", pod: fromBinary(PodSandboxSchema, reader.bytes(), options) };
    else if (field === Field.containers)
      yield { kind: "container", container: fromBinary(ContainerSchema, reader.bytes(), options) };
  }
}

/** The top-level fields that have the right type. Skips a field if the caller does not read it. */
function* fields(payload: Uint8Array): Iterable<readonly [number, BinaryReader]> {
  const reader = new BinaryReader(payload);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const wanted = field === Field.more ? WireType.Varint : WireType.LengthDelimited;
    const start = reader.pos;
    if (field <= Field.more && type === wanted) yield [field, reader];
    if (reader.pos === start) reader.skip(type, field);
  }
}

interface Delivery {
  readonly part: SynchronizePart;
  readonly used: () => void;
}

/**
 * The pods and containers that existed before the plugin registered. A container may come before its pod.
 * Items are decoded on demand, and the runtime sends the next part after the previous one was used, so memory
 * does not grow with their number. Can be iterated once. The runtime's timeout for all of it is that of one
 * event (2 s by default).
 */
export class Synchronization implements AsyncIterable<SynchronizeItem> {
  readonly #parts: Delivery[] = [];
  #wake: () => void = () => {};
  #error: NriError | undefined;
  #over = false;

  /** Reads all items into arrays. */
  async collect(): Promise<{ pods: PodSandbox[]; containers: Container[] }> {
    const pods: PodSandbox[] = [];
    const containers: Container[] = [];
    for await (const item of this) {
      if (item.kind === "pod") pods.push(item.pod);
      else containers.push(item.container);
    }
    return { pods, containers };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SynchronizeItem, void, undefined> {
    try {
      while (!this.#over) {
        const { part, used } = await this.#next();
        yield* part.items();
        if (!part.more) return;
        this.#parts.shift();
        used();
      }
    } finally {
      this.skipRest();
    }
  }

  /** Adds a part; `used` is called when it was read or skipped. Only for the driver. */
  deliver(part: SynchronizePart, used: () => void): void {
    if (this.#over) used();
    else this.#parts.push({ part, used });
    this.#wake();
  }

  /** Ignores all further items. */
  skipRest(): void {
    this.#over = true;
    for (const { used } of this.#parts.splice(0)) used();
  }

  /** No more parts will come: the iterator throws the error. */
  fail(error: NriError): void {
    this.#error = error;
    this.#wake();
  }

  async #next(): Promise<Delivery> {
    for (;;) {
      const [first] = this.#parts;
      if (first) return first;
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
