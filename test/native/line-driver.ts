import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { link } from "../../scripts/build/compile.ts";
import { NATIVE_FLAGS, nativeIncludes } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";

/** C files in a process of their own, which answers each frame with a line; compiled by gcc with its sanitizers. */
export class LineDriver {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((line: string | null) => void)[] = [];
  #ended = false;

  private constructor(executable: string) {
    this.#process = spawn(executable, [], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#waiting.shift()?.(line));
    this.#process.stdin.on("error", () => {});
    this.#process.on("exit", () => {
      this.#ended = true;
      for (const resolve of this.#waiting.splice(0)) resolve(null);
    });
  }

  /**
   * `sources` are of src/native, without their ending; `driver` is the name of the program in this directory. `kind` tells
   * programs with different flags apart.
   */
  static async start(
    driver: string,
    sources: readonly string[],
    kind = "all",
    more: readonly string[] = [],
  ): Promise<LineDriver> {
    const files = [
      ...sources.map((name) => join(ROOT, "src/native", `${name}.c`)),
      join(import.meta.dirname, `${driver}.c`),
    ];
    const flags = [
      ...NATIVE_FLAGS,
      ...more,
      "-g",
      "-fsanitize=address,undefined",
      "-fno-sanitize-recover=all",
    ];
    const includes = [...nativeIncludes(), join(ROOT, "src/native/wrap"), join(ROOT, "src/native/observe")];
    const executable = await link(
      { command: "gcc", flags, includes },
      files,
      join(ROOT, "build", `${driver}-${kind}`),
      flags,
    );
    return new LineDriver(executable);
  }

  /** Throws if the program has crashed. */
  async ask(head: string, bytes: Uint8Array = new Uint8Array()): Promise<string> {
    const line = await new Promise<string | null>((resolve) => {
      if (this.#ended) resolve(null);
      this.#waiting.push(resolve);
      this.#process.stdin.write(`${head}\n`);
      this.#process.stdin.write(bytes);
    });
    if (line === null)
      throw new Error(`The driver crashed on ${head} ${Buffer.from(bytes).toString("latin1")}`);
    return line;
  }

  stop(): void {
    this.#process.stdin.end();
  }
}
