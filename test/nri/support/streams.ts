import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../../scripts/cache-dir.ts";

const directory = join(ROOT, "test/vectors/nri-streams");

/** A recorded session, the bytes of each direction in one array. */
export interface Stream {
  readonly name: string;
  readonly toPlugin: Uint8Array;
  readonly toRuntime: Uint8Array;
}

export const streams: readonly Stream[] = readdirSync(directory)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => {
    const { chunks }: { chunks: { dir: string; hex?: string }[] } = JSON.parse(
      readFileSync(join(directory, file), "utf8"),
    );
    const bytes = (dir: string) =>
      Buffer.concat(
        chunks.filter((chunk) => chunk.dir === dir).map(({ hex = "" }) => Buffer.from(hex, "hex")),
      );
    return {
      name: file.replace(/\.json$/, ""),
      toPlugin: bytes("runtime->plugin"),
      toRuntime: bytes("plugin->runtime"),
    };
  });

/** Cuts bytes into pieces of the given lengths, which are repeated. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Iterable<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? bytes.length;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
