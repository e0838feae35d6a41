import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Container, ContainerSchema, type PodSandbox, PodSandboxSchema } from "./gen/api_pb.js";
import type { NriError } from "./nri-error.ts";

/** One of the pods and containers that ran before the plugin came. */
export type SynchronizeItem =
  | { readonly kind: "pod"; readonly pod: PodSandbox }
  | { readonly kind: "container"; readonly container: Container };

/** Numbers of SynchronizeRequest's fields (api.proto). */
const Field = { pods: 1, containers: 2, more: 3 } as const;

/** A SynchronizeRequest whose pods and containers are still bytes. */
export interface SynchronizePart {
  readonly more: boolean;
  /** Decodes one after the other. @throws where one cannot be decoded */
  items(): Iterable<SynchronizeItem>;
}

/** Passes over a SynchronizeRequest. @throws where its outermost level cannot be read */
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

/** The fields of SynchronizeRequest's own level with the type they must have; what is not read is passed over. */
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
 * The pods and containers that ran before the plugin came; a container may come before its pod. They are decoded as
 * they are asked for, and the runtime sends more when those before have been used: memory does not grow with a node.
 * It can be gone through once. The runtime waits for all of it as long as for one event (2 s unless configured).
 */
export class Synchronization implements AsyncIterable<SynchronizeItem> {
  readonly #parts: Delivery[] = [];
  #wake: () => void = () => {};
  #error: NriError | undefined;
  #over = false;

  /** All of it at once. */
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

  /** Hands over a part; `used` is called when the next may come. For the one who runs the plugin. */
  deliver(part: SynchronizePart, used: () => void): void {
    if (this.#over) used();
    else this.#parts.push({ part, used });
    this.#wake();
  }

  /** Nothing of it is looked at any more. */
  skipRest(): void {
    this.#over = true;
    for (const { used } of this.#parts.splice(0)) used();
  }

  /** No more will come: who waits for more gets the error. */
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
