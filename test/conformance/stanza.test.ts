import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { expectComplaint } from "../support/complaint.ts";
import { classicLine, readJsonLine } from "../support/log-lines.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { formats, logMembers, stanza, withMembers } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0","name":"n"}';

const valid: readonly (readonly [key: string, value: unknown])[] = [
  ["lockTimeoutMs", 0],
  ["lockTimeoutMs", 5_000],
  ["logMaxBytes", 0],
  ["logMaxBytes", 1],
  ["logMaxBytes", 2 ** 53],
  ["logStatus", true],
  ["logStatus", false],
  ["redact", true],
  ["redact", false],
  ["label", ""],
  ["label", "before calico"],
];

/** A wrong value, the type that the complaint names, and a part of the value that it must not show. */
const wrong: readonly (readonly [key: string, value: unknown, type: RegExp, hidden?: string])[] = [
  ["lockTimeoutMs", -1, /number/i],
  ["lockTimeoutMs", 5_001, /number/i, "5001"],
  ["lockTimeoutMs", 1e300, /number/i, "1e+300"],
  ["lockTimeoutMs", "200-text", /string/i, "200-text"],
  ["lockTimeoutMs", true, /boolean/i],
  ["lockTimeoutMs", [77], /array/i, "77"],
  ["lockTimeoutMs", { ms: 77 }, /object/i, "77"],
  ["logMaxBytes", -77, /number/i, "-77"],
  ["logMaxBytes", 2 ** 54, /number/i, `${2 ** 54}`],
  ["logMaxBytes", "77MB", /string/i, "77MB"],
  ["logStatus", "yes-text", /string/i, "yes-text"],
  ["logStatus", 77, /number/i, "77"],
  ["redact", "no-text", /string/i, "no-text"],
  ["redact", 0, /number/i],
  ["redact", [false], /array/i],
  ["label", 77, /number/i, "77"],
  ["label", ["a-text"], /array/i, "a-text"],
  ["label", { "a-text": 1 }, /object/i, "a-text"],
  ["label", false, /boolean/i],
];

for (const role of roles) {
  for (const logFormat of formats) {
    test(`cni_${role} logs in the format ${logFormat}`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, body, { logFormat });
      const run = await runTap({ role, env: add, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      const [line = ""] = scratch.lines();
      if (logFormat === "classic") expect(line).toBe(classicLine("ADD", "c1", "input", stdin));
      else expect(readJsonLine(line).payload.text).toBe(stdin);
    });
  }

  for (const [key, value] of valid) {
    test(`cni_${role} accepts ${JSON.stringify({ [key]: value })} without a complaint`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, body, { [key]: value });
      const run = await runTap({ role, env: add, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    });
  }

  for (const [key, value, type, hidden] of wrong) {
    test(`cni_${role} complains about ${JSON.stringify({ [key]: value })}, names only the type, and goes on`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, body, { [key]: value });
      const run = await runTap({ role, env: add, stdin });
      expect(run.code).toBe(0);
      expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
      expectComplaint(run, role, key, type);
      if (hidden !== undefined) expect(run.stderr).not.toContain(hidden);
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    });
  }

  for (const [value, type] of [
    ["yaml-text", /string/i],
    ["JSON", /string/i],
    ["", /string/i],
    [77, /number/i],
    [["json"], /array/i],
  ] as const) {
    test(`cni_${role} complains about ${JSON.stringify({ logFormat: value })} and writes classic lines`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, body, { logFormat: value });
      const run = await runTap({ role, env: add, stdin });
      expect(run.code).toBe(0);
      expectComplaint(run, role, "logFormat", type);
      expect(run.stderr).not.toContain("yaml-text");
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    });
  }

  test(`cni_${role} hides secrets if the value of redact is wrong`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, '{"password":"hunter2"}', { redact: "false" });
    const run = await runTap({ role, env: add, stdin });
    expectComplaint(run, role, "redact");
    expect(scratch.log().includes("hunter2")).toBe(false);
  });

  test(`cni_${role} leaves out a wrong label`, async () => {
    const scratch = useScratch();
    const run = await runTap({
      role,
      env: add,
      stdin: stanza(scratch, body, { logFormat: "json", label: 7 }),
    });
    expectComplaint(run, role, "label");
    expect(readJsonLine(scratch.lines()[0] ?? "").names).not.toContain("label");
  });

  test(`cni_${role} names all wrong keys of a call in one line`, async () => {
    const scratch = useScratch();
    const more = { label: 1, redact: 2, logStatus: "x", lockTimeoutMs: null, logMaxBytes: {} };
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, more) });
    expect(run.code).toBe(0);
    expectComplaint(run, role, "label", "redact", "logStatus", "logMaxBytes");
    expect(scratch.lines()).toHaveLength(1);
  });

  test(`cni_${role} ignores keys that are not its own`, async () => {
    const scratch = useScratch();
    const text =
      '{"type":7,"ipam":"x","logfile":7,"LABEL":7,"log":{"logFormat":7},"runtimeConfig":[],"dns":null,"name":{}}';
    const run = await runTap({ role, env: add, stdin: stanza(scratch, text) });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toHaveLength(1);
  });

  test(`cni_${role} uses files whose names are not ASCII, plain or escaped`, async () => {
    for (const escaped of [false, true]) {
      const scratch = useScratch({ log: "grün 🐳.log", lock: "zu.schloß" });
      const plain = stanza(scratch, body);
      const inAscii = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
      const stdin = escaped ? plain.replace(/[\u0080-\uffff]/g, inAscii) : plain;
      const run = await runTap({ role, env: add, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(scratch.names()).toEqual(["grün 🐳.log", "zu.schloß"]);
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    }
  });

  test(`cni_${role} recognizes keys that are written with escapes`, async () => {
    const scratch = useScratch();
    const [logFile, lockFile] = [scratch.logFile, scratch.lockFile].map((path) =>
      path.replaceAll("/", "\\u002f"),
    );
    const stdin = String.raw`{"log\u0046ile":"${logFile}","lockFile":"${lockFile}","\u006cogFormat":"\u006ason"}`;
    const run = await runTap({ role, env: add, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(readJsonLine(scratch.lines()[0] ?? "").payload.text).toBe(stdin);
  });
}

describeOnPrivateMachine("the default files", () => {
  for (const role of roles) {
    test(`a bare stanza of cni_${role} logs classic lines to /tmp/cni.log under /var/run/lock/cni.lock`, async () => {
      const { scratch, run } = usePrivateMachine();
      const call = await run({ role, env: add, stdin: body });
      expect(call).toMatchObject({ code: 0, stderr: "" });
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", body)]);
      expect(readFileSync(scratch.lockFile, "utf8")).toBe("");
    });

    for (const [value, type] of [
      ["cni-text.log", /string/i],
      ["./cni-text.log", /string/i],
      ["", /string/i],
      [77, /number/i],
      [["/tmp/text.log"], /array/i],
      [false, /boolean/i],
    ] as const) {
      test(`cni_${role} complains about ${JSON.stringify({ logFile: value })} and logs to /tmp/cni.log`, async () => {
        const { scratch, run } = usePrivateMachine();
        const stdin = withMembers(body, { logFile: value });
        const call = await run({ role, env: add, stdin });
        expect(call.code).toBe(0);
        expectComplaint(call, role, "logFile", type);
        expect(call.stderr).not.toMatch(/text|77/);
        expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
        expect(scratch.names("tmp")).toEqual(["cni.log"]);
      });

      test(`cni_${role} complains about ${JSON.stringify({ lockFile: value })} and locks /var/run/lock/cni.lock`, async () => {
        const { scratch, run } = usePrivateMachine();
        const stdin = withMembers(body, { lockFile: value });
        const call = await run({ role, env: add, stdin });
        expect(call.code).toBe(0);
        expectComplaint(call, role, "lockFile", type);
        expect(call.stderr).not.toMatch(/text|77/);
        expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
        expect(existsSync(scratch.lockFile)).toBe(true);
      });
    }

    test(`cni_${role} accepts paths of 4,095 bytes, and none of 4,096`, async () => {
      const { scratch, run } = usePrivateMachine();
      const path = (name: string, bytes: number) => `/tmp${"/".repeat(bytes - 4 - name.length)}${name}`;
      const members = (bytes: number) => ({
        logFile: path("own.log", bytes),
        lockFile: path("own.lock", bytes),
      });
      const longest = withMembers(body, members(4_095));
      expect(await run({ role, env: add, stdin: longest })).toMatchObject({ code: 0, stderr: "" });
      expect(scratch.names("tmp")).toEqual(["own.lock", "own.log"]);

      const stdin = withMembers(body, members(4_096));
      const call = await run({ role, env: add, stdin });
      expect(call.code).toBe(0);
      const wants = "wants an absolute path under 4096 bytes, saw a string";
      expectComplaint(call, role, `Cannot use logFile: ${wants}; Cannot use lockFile: ${wants}\n`);
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
      expect(existsSync(scratch.lockFile)).toBe(true);
    });

    test(`cni_${role} with its own logFile and lockFile does not touch the default files`, async () => {
      const { scratch, run } = usePrivateMachine();
      const members = logMembers({ ...scratch, logFile: "/tmp/a/own.log", lockFile: "/tmp/a/own.lock" });
      const call = await run({ role, env: add, shell: "mkdir /tmp/a", stdin: withMembers(body, members) });
      expect(call).toMatchObject({ code: 0, stderr: "" });
      expect(scratch.names("tmp")).toEqual(["a"]);
      expect(scratch.names("tmp/a")).toEqual(["own.lock", "own.log"]);
      expect(scratch.names("run/lock")).toEqual([]);
    });
  }
});
