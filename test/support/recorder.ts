import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a recorder was started with. */
export interface Recorded {
  readonly stdin: string;
  readonly argv: readonly string[];
  /** The environment's entries in their order. */
  readonly env: readonly string[];
  /** Descriptors, masks, limits, directories and such, as lines of text. */
  readonly state: string;
}

/** Builds a CNI plugin at `path` that keeps what it is started with. Needs gcc. */
export function buildRecorder(path: string): string {
  execFileSync("gcc", ["-O1", "-static", "-o", path, join(import.meta.dirname, "recorder.c")]);
  return path;
}

/** Reads what recorders have kept in a directory, in the order of their calls. */
export function readRecords(directory: string): Recorded[] {
  return readdirSync(directory)
    .sort()
    .map((name) => {
      const read = (file: string) => readFileSync(join(directory, name, file), "utf8");
      const words = (file: string) => read(file).split("\0").slice(0, -1);
      return { stdin: read("stdin"), argv: words("argv"), env: words("env"), state: read("state") };
    });
}

/** The value of a variable; undefined if it is not set. */
export function variableOf({ env }: Recorded, name: string): string | undefined {
  return env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The record as if no descriptor above 2 had been handed down. cni_wrap hands down none. */
export function withoutDescriptors(record: Recorded): Recorded {
  return { ...record, state: record.state.replace(/^descriptor \d+\n/gm, "") };
}
