import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Role } from "../../src/tap/outcome.ts";
import type { CCompiler } from "../build/compile.ts";
import { buildTap } from "../build/tap.ts";
import { ROOT } from "../cache-dir.ts";
import type { Answer, Call } from "./call.ts";

export const ROLES: readonly Role[] = ["pre", "post"];

/** chroot(2) needs root. Other users become root in a user namespace. */
const asRoot = process.getuid?.() === 0 ? [] : ["unshare", "-r"];

/** Why a driver cannot run here; "" if it can. */
export function whyNoDriver(): string {
  const [command, ...args] = [...asRoot, "true"];
  const { status, error, stderr } = spawnSync(command ?? "", args, { encoding: "utf8" });
  return status === 0 ? "" : (error?.message ?? stderr.trim());
}

/** Build options of a driver's taps. */
export interface DriverBuild {
  readonly compiler?: CCompiler;
  readonly flags?: readonly string[];
  readonly sources?: readonly string[];
}

/** Taps that answer thousands of calls per second; see driver.c. */
export class Driver {
  readonly #folder: string;
  readonly #executable: (role: Role) => string;
  readonly #real: boolean;

  private constructor(folder: string, executable: (role: Role) => string, real: boolean) {
    this.#folder = folder;
    this.#executable = executable;
    this.#real = real;
  }

  /** Compiles the drivers of both taps. With `real`, they start the executables of bin/. */
  static async build(
    name: string,
    { real = false, ...how }: DriverBuild & { real?: boolean } = {},
  ): Promise<Driver> {
    const executable = (role: Role) => join(ROOT, "build", `fuzz-${name}-${role}`);
    for (const role of ROLES) {
      await buildTap({
        ...how,
        entry: join(ROOT, "src", "tap", `cni-${role}.ts`),
        out: executable(role),
        name: `cni_${role}`,
        flags: [...(how.flags ?? []), "-Wl,--wrap=main"],
        sources: [...(how.sources ?? []), join(import.meta.dirname, "driver.c")],
      });
    }
    const folder = mkdtempSync(join(tmpdir(), "cni-tap-fuzz-"));
    for (const role of ROLES) {
      for (const part of ["tmp", "var/run/lock"]) mkdirSync(join(folder, role, part), { recursive: true });
      if (real) copyFileSync(join(ROOT, "bin", `cni_${role}`), join(folder, role, "tap"));
    }
    return new Driver(folder, executable, real);
  }

  /** Makes calls of one role, one after another. `logs` has the log file of each call. */
  async answer(role: Role, calls: readonly Call[], logs: readonly string[]): Promise<Answer[]> {
    const frames = calls.flatMap(({ env, stdin }, index) => {
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}\0`);
      const parts = [variables.join(""), stdin, logs[index] ?? ""];
      return [`${parts.map((part) => part.length).join(" ")}\n`, ...parts];
    });
    const input = join(this.#folder, `${role}.calls`);
    const output = join(this.#folder, `${role}.answers`);
    writeFileSync(input, frames.join(""), "latin1");
    await this.#run(role, input, output);
    const answers = readAnswers(readFileSync(output).toString("latin1"));
    if (answers.length !== calls.length)
      throw new Error(`Cannot read the driver's answers: ${answers.length} of ${calls.length}`);
    return answers;
  }

  async #run(role: Role, input: string, output: string): Promise<void> {
    const stdio = [openSync(input, "r"), openSync(output, "w")];
    const words = [this.#executable(role), join(this.#folder, role), ...(this.#real ? ["/tap"] : [])];
    const [command = "", ...args] = [...asRoot, ...words];
    const child = spawn(command, args, { stdio: [...stdio, "inherit"], env: { PATH: process.env.PATH } });
    for (const fd of stdio) closeSync(fd);
    await new Promise<void>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`Cannot make calls: the driver ended with ${signal ?? code}`));
      });
    });
  }

  /** Non-empty files that no call should have left: lines in another file than the twin's. */
  strays(): string[] {
    const words = [
      ...ROLES.map((role) => join(this.#folder, role)),
      "-type",
      "f",
      "-size",
      "+0",
      "!",
      "-name",
      "tap",
    ];
    const names = execFileSync("find", words).toString("latin1"); // names may not be UTF-8
    return names.split("\n").filter((name) => name !== "");
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function readAnswers(text: string): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const [status = 0, ...lengths] = text.slice(at, end).split(" ").map(Number);
    at = end + 1;
    const [stdout = "", stderr = "", log = ""] = lengths.map((length) => {
      at += length;
      return text.slice(at - length, at);
    });
    const signal = status & 0x7f;
    answers.push({ code: signal === 0 ? status >> 8 : null, signal: signal || null, stdout, stderr, log });
  }
  return answers;
}
