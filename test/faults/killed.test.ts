import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { here } from "./support/place.ts";
import { runTraced, SYSCALL } from "./support/traced.ts";

/*
 * A tap is killed before each of its system calls in turn. Between two of them it changes nothing that another process
 * could see.
 */

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "killed" };
const body = '{"cniVersion":"1.0.0","prevResult":{"ips":[]}}';
const OLD = "old 1\nold 2\nold 3\n";
const OLDER = "older\n";

function write(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o600);
}

interface Scene {
  readonly logMaxBytes: number;
  prepare(scratch: Scratch): void;
}

const SCENES: Readonly<Record<string, Scene>> = {
  "that creates the log": { logMaxBytes: 0, prepare: () => {} },
  "that appends": { logMaxBytes: 0, prepare: ({ logFile }) => write(logFile, OLD) },
  "that begins after an incomplete line": {
    logMaxBytes: 0,
    prepare: ({ logFile }) => write(logFile, `${OLD}half`),
  },
  "that rotates": { logMaxBytes: 10, prepare: ({ logFile }) => write(logFile, OLD) },
  "that rotates again": {
    logMaxBytes: 10,
    prepare: ({ logFile }) => {
      write(logFile, OLD);
      write(`${logFile}.1`, OLDER);
    },
  },
  "that rotates without a lock file": {
    logMaxBytes: 10,
    prepare: ({ logFile, lockFile }) => {
      write(logFile, OLD);
      mkdirSync(lockFile);
    },
  },
};

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

describe.each(roles)("cni_%s", (role) => {
  test.each(Object.entries(SCENES))(
    "killed at any step of a call %s loses no line and does not delay the next call",
    async (_, scene) => {
      const ends = new Set<number>();
      for (let step = 1; ; step++) {
        const scratch = useScratch();
        scene.prepare(scratch);
        const stdin = (id: string) =>
          stanza(scratch, body, { logMaxBytes: scene.logMaxBytes, lockTimeoutMs: 0, label: id });
        const lineOf = (id: string, text: string) =>
          classicLine("ADD", id, role === "post" ? "output" : "input", role === "post" ? '{"ips":[]}' : text);
        const before = linesOf(scratch.logFile);
        const run = await runTraced(here(scratch), ["kill", step], { role, env, stdin: stdin("killed") });
        expect(run.code, `step ${step}`).toBe(run.hit === null ? 0 : 137);

        // All that was in the log is still in the newest two files.
        const old = linesOf(`${scratch.logFile}.1`);
        const now = linesOf(scratch.logFile);
        expect([...old, ...now], `step ${step}`).toEqual(expect.arrayContaining(before));
        const own = [...old, ...now].filter((line) => line.includes("killed"));
        expect(own.length).toBeLessThan(2);
        for (const line of own) expect(line).toBe(lineOf("killed", stdin("killed")));
        if (before.length > 0)
          expect(lstatSync(scratch.logFile)).toMatchObject({ uid: process.getuid?.(), nlink: 1 });

        // The next call gets the lock at once, and writes to the log.
        const next = await runTap({
          role,
          env: { ...env, CNI_CONTAINERID: "next" },
          stdin: stdin("next"),
        });
        expect(next, `after step ${step}`).toMatchObject({ code: 0 });
        if (lstatSync(scratch.lockFile).isFile()) expect(next.stderr, `after step ${step}`).toBe("");
        expect(linesOf(scratch.logFile).at(-1)).toBe(lineOf("next", stdin("next")));
        expect(lstatSync(scratch.logFile).mode & 0o7777).toBe(0o600);

        // At most one file is left behind, which is empty or the .1 that the rotation removes.
        const known = ["cni.lock", "cni.log", "cni.log.1", "tracer", "tracer.report"];
        const left = scratch.names().filter((name) => !known.includes(name));
        expect(left.length).toBeLessThan(2);
        for (const name of left) expect(["", OLDER]).toContain(readFileSync(scratch.path(name), "utf8"));
        scratch.remove();
        if (run.hit === null) break;
        ends.add(run.hit.syscall);
      }
      expect(ends).toContain(SYSCALL.writev);
      expect(ends.has(SYSCALL.renameat2)).toBe(scene.logMaxBytes > 0);
    },
  );
});
