/** `poll_oneoff` of WASI's preview 1, whose structures lie in the memory (its typenames.witx). */
type Poll = (subscriptions: number, events: number, count: number, found: number) => number;

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** What is used of it: without the types of browsers, TypeScript does not know it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => {
    readonly exports: { readonly memory: WasmMemory; readonly poll: Poll };
  };
};

const STDOUT = 1;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const EVENTS_AT = 512;
const FOUND_AT = 1024;
const CLOCK = 0;
const MONOTONIC = 1;
const FD_WRITE = 2;
const HANGUP = 1;
/** A pipe that is full is not waited for. */
const WAIT_NS = 1_000_000n;

/** Builds a module that has nothing but a memory and the imported function. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const name = (text: string) => [text.length, ...Buffer.from(text)];
  const section = (id: number, bytes: readonly number[]) => [id, bytes.length, ...bytes];
  const i32 = 0x7f;
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 4, i32, i32, i32, i32, 1, i32]),
    ...section(2, [1, ...name("wasi_snapshot_preview1"), ...name("poll_oneoff"), 0, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name("memory"), 2, 0, ...name("poll"), 0, 0]),
  ]);
}

/**
 * Makes a function that tells whether the reader of standard output, a pipe or socket, is gone, without writing to it, in 0.2 ms. Node.js has
 * no poll(2) of its own; that of its WASI answers for a pipe without a reader with an error, for a socket with a hang-up.
 * @returns null: it cannot be told here
 */
export function watchReader(): (() => boolean) | null {
  try {
    const { memory, poll } = instantiate();
    const view = new DataView(memory.buffer);
    view.setUint8(8, FD_WRITE);
    view.setUint32(16, STDOUT, true);
    view.setUint8(SUBSCRIPTION_BYTES + 8, CLOCK);
    view.setUint32(SUBSCRIPTION_BYTES + 16, MONOTONIC, true);
    view.setBigUint64(SUBSCRIPTION_BYTES + 24, WAIT_NS, true);
    return () => {
      if (poll(0, EVENTS_AT, 2, FOUND_AT) !== 0) return false; // a file, which cannot be polled
      for (let at = EVENTS_AT, left = view.getUint32(FOUND_AT, true); left > 0; left--, at += EVENT_BYTES) {
        const failed = view.getUint16(at + 8, true) !== 0;
        const hungUp = (view.getUint16(at + 24, true) & HANGUP) !== 0;
        if (view.getUint8(at + 10) === FD_WRITE && (failed || hungUp)) return true;
      }
      return false;
    };
  } catch {
    return null; // the next line that is written will tell
  }
}

function instantiate(): { readonly memory: WasmMemory; readonly poll: Poll } {
  const { WASI } = loadWasi();
  const wasi = new WASI({ version: "preview1" });
  const module = new WebAssembly.Module(moduleBytes());
  const instance = new WebAssembly.Instance(module, wasi.getImportObject());
  wasi.initialize(instance);
  return instance.exports;
}

/** Loads Node's WASI without its warning that it is experimental, which is nothing to users. */
function loadWasi(): typeof import("node:wasi") {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:wasi");
  } finally {
    process.emitWarning = emitWarning;
  }
}
