import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../../scripts/cache-dir.ts";
import { Random } from "../../../scripts/fuzz/random.ts";
import { generateLog } from "../../../scripts/log/generate.ts";
import { useScratch } from "../../support/scratch.ts";
import { howOften } from "../../support/soak.ts";
import { cnitap } from "../support/host.ts";

const COMMANDS: readonly (readonly string[])[] = [
  ["pods", "--all"],
  ["pods", "--all", "--json"],
  ["show", "web-1"],
  ["stats"],
  ["stats", "--by", "plugin", "--json"],
  ["tail", "-n", "1000000"],
  ["tail", "-n", "3", "--failed"],
];

/** Runs all commands that read logs: each answers, or says in our words why it cannot. */
async function readAll(path: string): Promise<{ code: number; out: string; err: string }[]> {
  const results = [];
  for (const [command = "", ...args] of COMMANDS) {
    const result = await cnitap(command, ...args, "--log-file", path);
    expect(result.code, result.err).toBeLessThan(2);
    if (result.err !== "") expect(result.err).toMatch(/^cnitap: (Cannot|No plugin) /);
    results.push(result);
  }
  return results;
}

function made(seed: number, bytes: number): Buffer {
  let text = "";
  generateLog({ seed, bytes }, (more) => {
    text += more;
  });
  return Buffer.from(text, "latin1");
}

describe("commands that read logs", () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ["missing", () => {}, /it is not there\nName another/],
    ["a directory", (path) => mkdirSync(path), /it is a directory/],
    ["compressed by gzip", (path) => writeFileSync(path, gzipSync("x")), /it is compressed \(gzip\)\nzcat/],
    [
      "compressed by zstd",
      (path) => writeFileSync(path, zstdCompressSync("x")),
      /compressed \(zstd\)\nzstdcat/,
    ],
    ["a loop of links", (path) => symlinkSync(path, path), /too many symbolic links/],
  ])("say so of a log that is %s", async (_what, make, reason) => {
    const path = useScratch().path("cni.log");
    make(path);
    for (const { code, out, err } of await readAll(path)) {
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/^cnitap: Cannot read /);
      expect(err).toMatch(reason);
    }
  });

  test("say so of a log that may not be read", async () => {
    const path = useScratch().path("cni.log");
    writeFileSync(path, "x", { mode: 0 });
    const euid = process.geteuid?.();
    if (euid === 0) process.seteuid?.(65534);
    try {
      chmodSync(path, 0);
    } catch {
      // not its owner any more
    }
    try {
      for (const { code, err } of await readAll(path)) {
        expect(code).toBe(1);
        expect(err).toMatch(/permission denied\nRun it as root\.\n$/);
      }
    } finally {
      if (euid === 0) process.seteuid?.(0);
    }
  });

  test("have nothing to tell of an empty log, and of zeros", async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(3_000_000)]) {
      const path = useScratch().path("cni.log");
      writeFileSync(path, bytes);
      for (const { out } of await readAll(path)) expect(out).toBe("");
    }
  });

  test("do not wait for a pipe or a directory that somebody has put beside the log", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.path("cni.log"), made(1, 20_000));
    mkdirSync(scratch.path("cni.log.1"));
    for (const { code } of await readAll(scratch.path("cni.log"))) expect(code).toBe(0);
  });

  test("bear random bytes, cut logs, mixed logs and changed bytes", async () => {
    const path = useScratch().path("cni.log");
    for (let seed = 0; seed < howOften(8, 500); seed++) {
      const random = new Random(seed);
      const log = made(seed, 60_000);
      const other = made(seed + 1, 60_000);
      const at = random.below(log.length);
      const noise = Buffer.from(Array.from({ length: 3000 }, () => random.below(256)));
      const changed = Buffer.from(log);
      for (let count = 0; count < 200; count++) changed[random.below(changed.length)] = random.below(256);
      for (const bytes of [
        noise,
        log.subarray(0, at),
        log.subarray(at),
        Buffer.concat([log.subarray(0, at), noise, other.subarray(at % other.length)]),
        Buffer.from(log.toString("latin1").split("\n").reverse().join("\n"), "latin1"),
        changed,
      ]) {
        writeFileSync(path, bytes);
        await readAll(path);
      }
    }
  });

  test("end quietly when the reader closes the pipe", async () => {
    const path = useScratch().path("cni.log");
    writeFileSync(path, made(2, 1_000_000));
    const args = ["tail", "-n", "100000", "--json", "--log-file", path];
    const child = spawn(process.execPath, [join(ROOT, "src/cli/cnitap.ts"), ...args]);
    let err = "";
    child.stderr.on("data", (more: Buffer) => {
      err += more.toString();
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, err]).toEqual([0, ""]);
  });
});
