import { chmodSync, copyFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import { classicLine, readJsonLine } from "../support/log-lines.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, runTap, type TapCall, tapPath } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn("skipped: the tests of a tap of user 65534 and of a tap in a chroot need root");

const nobody = ["/usr/bin/env", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const VARIABLES = [
  "CNI_CONTAINERID",
  "CNI_NETNS",
  "CNI_IFNAME",
  "CNI_ARGS",
  "CNI_PATH",
  "TRACEPARENT",
  "TRACESTATE",
  "PATH",
];

/** Every variable as long as the kernel allows. */
function longVariables(text: string): Record<string, string> {
  const value = (name: string) => text.repeat(131_000 / text.length).slice(0, 131_000 - name.length);
  return { ...Object.fromEntries(VARIABLES.map((name) => [name, value(name)])), CNI_COMMAND: "ADD" };
}

describe.each(roles)("cni_%s", (role) => {
  test("accepts an environment of 1 MB, and logs only the variables of a line", async () => {
    const scratch = useScratch();
    const long = longVariables("K8S_POD_NAME=web-0;");
    const path = "n".repeat(131_000);
    const stdin = stanza(scratch, body, { logFormat: "json" });
    const run = await runTap({ role, env: { ...long, CNI_PATH: path }, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString()).toBe(body);
    const { members } = readJsonLine(scratch.lines()[0] ?? "");
    expect(members.netns).toBe(long.CNI_NETNS);
    expect(members.args).toMatchObject({ K8S_POD_NAME: "web-0" });
    expect(scratch.log().includes(path)).toBe(false);
  });

  test.each([
    ["quotes and backslashes", '"\\'],
    ["many pairs", "a=b;c;"],
    ["the beginning of a JWT", "eyJ"],
    ["the beginning of a PEM block", "-----BEGIN"],
    ["secret words", "password="],
    ["commas", ","],
  ])("answers and logs a call with variables of 131,000 bytes of %s", async (_, text) => {
    for (const logFormat of ["classic", "json"]) {
      const scratch = useScratch();
      const run = await runTap({
        role,
        env: longVariables(text),
        stdin: stanza(scratch, body, { logFormat }),
      });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe(body);
      expect(scratch.lines()).toHaveLength(1);
    }
  });

  /** The limits as the shell sets them (KB). */
  const limits: Readonly<Record<string, string>> = {
    "64 MB of address space": "ulimit -v 65536",
    "256 KB of stack": "ulimit -s 256",
    "both, and 4 descriptors": "ulimit -v 65536; ulimit -s 256; ulimit -n 4",
  };
  for (const [what, shell] of Object.entries(limits)) {
    test.each([
      ["a short request", body],
      ["10,000 levels", `{"cniVersion":"1.0.0","a":${"[".repeat(9_999)}${"]".repeat(9_999)}}`],
      ["8 MB", `{"cniVersion":"1.0.0","a":"${"x".repeat(8_000_000)}"}`],
      ["4,000 secrets", `{"cniVersion":"1.0.0","a":[${'{"token":"t"},'.repeat(4_000)}0]}`],
    ])(`needs no more than ${what} for %s`, async (_, text) => {
      const scratch = useScratch();
      const run = await runTap({ role, env, shell, stdin: stanza(scratch, text) });
      expect(run).toMatchObject({ code: 0, signal: null });
      expect(run.stdout.toString()).toBe(body);
      expect(scratch.lines()).toHaveLength(1);
      if (!shell.includes("-n")) expect(run.stderr).toBe("");
    });
  }

  /** Too small for the script. Where it overflows is random, as the kernel starts each stack at another address. */
  test.each([14, 16])("answers with a stack of %i KB, if necessary by its last resort", async (size) => {
    const via = ["/bin/sh", "-c", `ulimit -s ${size}; exec "$0"`];
    for (let call = 0; call < 10; call++) {
      const scratch = useScratch();
      const run = await runTap({ role, env, via, stdin: stanza(scratch, body) });
      expect(run).toMatchObject({ code: 0, signal: null });
      expect(run.stdout.toString()).toBe(body);
    }
  });

  test.each([
    [
      3,
      "Cannot open lockFile: No file descriptors available; Cannot open logFile: No file descriptors available",
      0,
    ],
    [4, "Cannot open lockFile: No file descriptors available", 1],
    [5, "", 1],
  ])("answers with only %i descriptors, and says what it could not do", async (most, complaint, lines) => {
    const scratch = useScratch();
    const via = ["/bin/sh", "-c", `ulimit -n ${most}; exec "$0"`];
    const run = await runTap({ role, env, via, stdin: stanza(scratch, body) });
    expect(run).toMatchObject({ code: 0, stderr: complaint === "" ? "" : `cni_${role}: ${complaint}\n` });
    expect(run.stdout.toString()).toBe(body);
    expect(scratch.lines()).toHaveLength(lines);
  });

  test("appends with too few descriptors to rotate, and says so", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, `${"o".repeat(1_500)}\n`, { mode: 0o600 });
    const stdin = stanza(scratch, body, { logMaxBytes: 1_000 });
    const run = await runTap({ role, env, shell: "ulimit -n 5", stdin });
    const complaint = "Cannot rotate logFile: no new file beside it: No file descriptors available";
    expect(run).toMatchObject({ code: 0, stderr: `cni_${role}: ${complaint}\n` });
    expect(scratch.lines()).toHaveLength(2);
  });

  test.skipIf(!isRoot)(
    "of user 65534 writes a log of its own, and does not touch root's (needs root)",
    async () => {
      const scratch = useScratch();
      chmodSync(scratch.folder, 0o1777);
      const exe = scratch.path("tap");
      copyFileSync(tapPath(role), exe); // the checkout may be in a directory that only root can read
      const stdin = stanza(scratch, body);
      expect(await runTap({ role, env, exe, via: nobody, stdin })).toMatchObject({ code: 0, stderr: "" });
      expect(statSync(scratch.logFile)).toMatchObject({ uid: 65_534 });
      expect(statSync(scratch.logFile).mode & 0o7777).toBe(0o600);

      const roots = { logFile: scratch.path("root.log"), lockFile: scratch.path("root.lock") };
      await runTap({ role, env, stdin: stanza(scratch, body, roots) });
      const refused = await runTap({ role, env, exe, via: nobody, stdin: stanza(scratch, body, roots) });
      const complaint = "Cannot use lockFile: another user's file; Cannot use logFile: another user's file";
      expect(refused).toMatchObject({ code: 0, stderr: `cni_${role}: ${complaint}\n` });
      expect(refused.stdout.toString()).toBe(body);
    },
  );

  test.skipIf(!isRoot)(
    "answers in an empty chroot, whichever descriptors are closed (needs root)",
    async () => {
      const scratch = useScratch();
      mkdirSync(scratch.path("root"));
      copyFileSync(tapPath(role), scratch.path("root/tap"));
      const call: TapCall = { role, env, exe: "/tap", via: ["/usr/sbin/chroot", scratch.path("root")] };
      const run = await runTap({ ...call, stdin: body });
      const missing = "No such file or directory";
      const complaint = `Cannot open lockFile /var/run/lock/cni.lock: ${missing}; Cannot open logFile /tmp/cni.log: ${missing}`;
      expect(run).toMatchObject({ code: 0, stderr: `cni_${role}: ${complaint}\n` });
      expect(run.stdout.toString()).toBe(body);

      for (const closed of [[1], [2], [1, 2]] as const)
        expect(await runTap({ ...call, closed, stdin: body })).toMatchObject({ code: 0, signal: null });
      const noInput = await runTap({ ...call, closed: [0], stdin: null });
      expect(noInput).toMatchObject({ code: 1, signal: null });
      expectErrorObject(noInput.stdout, 6);
    },
  );
});

describeOnPrivateMachine("a request that does not fit into 40 MB of address space", () => {
  test.each(roles)("makes an ADD of cni_%s fail and a DEL succeed", async (role) => {
    const { scratch, run } = usePrivateMachine();
    const stdin = `{"cniVersion":"1.0.0","a":"${"x".repeat(50_000_000)}"}`;
    const call = { role, shell: "ulimit -v 40960", stdin };
    const added = await run({ ...call, env });
    expect(added).toMatchObject({ code: 1, signal: null, stderr: "" });
    expectErrorObject(added.stdout, 6);
    const deleted = await run({ ...call, env: { ...env, CNI_COMMAND: "DEL" } });
    expect(deleted).toMatchObject({ code: 0, signal: null, stderr: "" });
    const notes = scratch
      .lines()
      .map((line) => /^stdin is not JSON: read error at byte (\d+),/.exec(line)?.[1]);
    expect(notes).toEqual([expect.any(String), expect.any(String)]);
    for (const at of notes) {
      expect(Number(at)).toBeGreaterThan(0);
      expect(Number(at)).toBeLessThan(stdin.length);
    }
  });
});

const COMBINATIONS = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]] as const;

describeOnPrivateMachine("with closed descriptors", () => {
  for (const role of roles) {
    test.each(COMBINATIONS.map((closed) => [closed.join(", ") || "none", closed] as const))(
      `%s, cni_${role} answers as far as it can, and writes to no file except the log`,
      async (_, closed) => {
        const { scratch, run } = usePrivateMachine();
        const has = (fd: 0 | 1 | 2) => !(closed as readonly number[]).includes(fd);
        const stdin = '{"cniVersion":"1.0.0","label":7}';
        const call = (command: string) =>
          run({ role, env: { ...env, CNI_COMMAND: command }, closed, stdin: has(0) ? stdin : null });
        const complaint = `cni_${role}: Cannot use label: wants a string, saw a number\n`;

        const added = await call("ADD");
        expect(added.code).toBe(has(0) ? 0 : 1);
        if (has(0)) expect(added.stdout.toString()).toBe(has(1) ? body : "");
        else if (has(1)) expectErrorObject(added.stdout, 6);
        expect(added.stderr).toBe(has(0) && has(2) ? complaint : "");

        const deleted = await call("DEL");
        expect([deleted.code, deleted.stdout.length]).toEqual([0, 0]);

        const version = await call("VERSION");
        expect([version.code, version.stderr]).toEqual([0, ""]);
        if (has(1)) expect(JSON.parse(version.stdout.toString()).supportedVersions).toHaveLength(7);

        const line = (command: string) => classicLine(command, "c1", "input", stdin);
        const note = (command: string) =>
          `stdin is not JSON: unexpected end at byte 0,CNI_COMMAND=${command},CNI_CONTAINERID=c1`;
        const lines = has(0)
          ? [line("ADD"), ...(role === "post" ? [line("DEL")] : [])]
          : [note("ADD"), note("DEL")];
        expect(scratch.lines()).toEqual(lines);
      },
    );
  }
});
