import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { link } from "../../scripts/build/compile.ts";
import { NATIVE_FLAGS, nativeIncludes } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import type { Scan } from "../../src/native/host.ts";
import type { ScanRequest } from "./twin/twin-scan.ts";

/** The members that scan-driver.c asks for. */
export const DRIVER_MEMBERS = ["cniVersion", "name", "prevResult", "logFile", "label"];

/** The ways to pass strings: what a processor has, how long a text is. */
export const DRIVER_KINDS = ["avx", "sse2", "portable"] as const;
export type DriverKind = (typeof DRIVER_KINDS)[number];

const FLAGS: Readonly<Record<DriverKind, string>> = {
  avx: "-DASK_FROM_BYTES=0",
  sse2: "-DASK_FROM_BYTES=SIZE_MAX",
  portable: "-U__SSE2__",
};

/** What differs from scan to scan. */
export type DriverLimits = Pick<ScanRequest, "depthLimit" | "secretLimit" | "everywhere">;

/** The request that the driver's scans correspond to. */
export function driverRequest(limits: DriverLimits): ScanRequest {
  return {
    members: DRIVER_MEMBERS,
    ...limits,
  };
}

/** scan.c in a process of its own, compiled by the system's gcc with its sanitizers. */
export class ScanDriver {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((line: string) => void)[] = [];
  #ended = false;

  private constructor(executable: string) {
    this.#process = spawn(executable, [], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#waiting.shift()?.(line));
    this.#process.on("exit", () => {
      this.#ended = true;
      for (const resolve of this.#waiting.splice(0)) resolve("crashed");
    });
  }

  static async start(kind: DriverKind): Promise<ScanDriver> {
    const core = [
      "scan",
      "json-string",
      "json-string-searched",
      "pair",
      "secret",
      "secret-key",
      "secret-parts",
    ].map((name) => `src/native/core/${name}.c`);
    const sources = [...core, "test/native/scan-driver.c"].map((source) => join(ROOT, source));
    const flags = [
      ...NATIVE_FLAGS,
      FLAGS[kind],
      "-g",
      "-fsanitize=address,undefined",
      "-fno-sanitize-recover=all",
    ];
    const compiler = { command: "gcc", flags, includes: nativeIncludes() };
    const executable = await link(compiler, sources, join(ROOT, "build", `scan-driver-${kind}`), flags);
    return new ScanDriver(executable);
  }

  /** Scans one text. Throws if the driver has crashed. */
  async scan(text: Uint8Array, { depthLimit, secretLimit, everywhere }: DriverLimits): Promise<Scan> {
    const line = await new Promise<string>((resolve) => {
      if (this.#ended) resolve("crashed");
      this.#waiting.push(resolve);
      this.#process.stdin.write(`${text.length} ${depthLimit} ${secretLimit} ${Number(everywhere)}\n`);
      this.#process.stdin.write(text);
    });
    if (line === "crashed") throw new Error(`The scanner crashed on ${Buffer.from(text).toString("latin1")}`);
    const numbers = line.split(" ").map(Number);
    const [error = -1, at = -1, start = 0, end = 0, rawNewline = 0, overflow = 0] = numbers;
    return {
      error,
      at,
      start,
      end,
      rawNewline: rawNewline === 1,
      overflow: overflow === 1,
      members: numbers.slice(6, 6 + 2 * DRIVER_MEMBERS.length),
      secrets: numbers.slice(6 + 2 * DRIVER_MEMBERS.length),
    };
  }

  stop(): void {
    this.#process.stdin.end();
  }
}
