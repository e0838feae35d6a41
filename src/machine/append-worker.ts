/** The thread of `AppendThread`. */
import { parentPort } from "node:worker_threads";
import { appendLines } from "./append-lines.ts";

/** The lines, concatenated, and the end offset of each. */
export interface AppendOrder {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
  readonly maxBytes: number;
}

parentPort?.on("message", ({ path, bytes, ends, maxBytes }: AppendOrder) => {
  const lines = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  parentPort?.postMessage(appendLines(path, lines, maxBytes));
});
