import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
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
  ["audit"],
  ["audit", "--json"],
  ["tail", "-n", "1000000"],
  ["tail", "-n", "3", "--failed"],
];

/** Runs all commands that read logs: each answers, or says in our words why it cannot. */
async function readAll(path: string): Promise<{ code: number; out: string; err: string }[]> {
  const results = [];
  for (const [command = "", ...args] of COMMANDS) {
    const result = await cnitap(command, ...args, "--log-file", path);
    const isAudit = command === "audit" && result.code !== 1;
    expect(isAudit ? [0, 3] : [0, 1], result.err).toContain(result.code);
    if (result.err !== "" && !isAudit) expect(result.err).toMatch(/^cnitap: (Cannot|No plugin) /);
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
      for (const { out } of await readAll(path))
        if (!out.startsWith("The log has: no line of cni-tap.")) expect(out).toBe("");
    }
  });

  test("do not wait for a pipe or a directory that somebody has put beside the log", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.path("cni.log"), made(1, 20_000));
    mkdirSync(scratch.path("cni.log.1"));
    for (const { code } of await readAll(scratch.path("cni.log"))) expect(code).not.toBe(1);
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

  test.each([
    ["tail", "-n", "100000", "--json"],
    ["pods", "--all"],
    ["show", "web-1"],
    ["stats", "--by", "namespace"],
    ["audit", "--json"],
  ])("end quietly when the reader closes the pipe: %s", async (...args) => {
    const scratch = useScratch();
    const [path, got] = [scratch.path("cni.log"), scratch.path("got")];
    writeFileSync(path, made(2, 1_000_000));
    const command = '{ "$0" "$@"; echo "ended with $?" >&2; } | head -c 1 >"$GOT"';
    const argv = [join(ROOT, "src/cli/cnitap.ts"), ...args, "--log-file", path];
    const child = spawn("sh", ["-c", command, process.execPath, ...argv], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, GOT: got },
    });
    let said = "";
    child.stderr.on("data", (more: Buffer) => {
      said += more.toString();
    });
    await new Promise((resolve) => child.on("close", resolve));
    // audit --json tells on standard error what the log has, and may do so before or after head has ended.
    const audited = /^The log has: .*\n(?: {2}[a-z].*\n)*ended with 3\n$/;
    expect(said).toMatch(args[0] === "audit" ? audited : /^ended with 0\n$/);
    expect(readFileSync(got)).toHaveLength(1);
  });

  test("read a FIFO as they read a file", async () => {
    const scratch = useScratch();
    const [path, fifo] = [scratch.path("cni.log"), scratch.path("fifo")];
    writeFileSync(path, made(3, 200_000));
    execFileSync("mkfifo", [fifo]);
    // An age may change from one reading to the next.
    const commands = [
      ...COMMANDS.filter(([command, , json]) => command !== "pods" || json),
      ["show", "web-1"],
    ];
    for (const [command = "", ...args] of commands) {
      const whole = await cnitap(command, ...args, "--log-file", path);
      const writer = spawn("sh", ["-c", 'cat "$0" >"$1"', path, fifo]);
      const ended = new Promise((resolve) => writer.on("close", resolve));
      expect(await cnitap(command, ...args, "--log-file", fifo)).toEqual(whole);
      await ended;
    }
  });
});
