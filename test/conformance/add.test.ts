import { expect, test } from "vitest";
import { classicLine, readJsonLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { formats, stanza } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", "9.9.9"];

for (const role of roles) {
  for (const version of versions) {
    test(`cni_${role} answers the first ADD of a ${version} chain with only its version`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, `{"cniVersion":"${version}","name":"n","type":"cni_${role}"}`);
      const run = await runTap({ role, env: add, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe(`{"cniVersion":"${version}"}`);
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    });
  }

  for (const [what, text] of [
    ["no cniVersion", '{"name":"n"}'],
    ["a number for cniVersion", '{"cniVersion":1.0}'],
    ["null for cniVersion", '{"cniVersion":null}'],
    ["an object for cniVersion", '{"cniVersion":{"cniVersion":"1.0.0"}}'],
    ["a cniVersion in another object only", '{"ipam":{"cniVersion":"1.0.0"}}'],
  ] as const) {
    test(`cni_${role} answers an ADD that has ${what} with {}`, async () => {
      const scratch = useScratch();
      const run = await runTap({ role, env: add, stdin: stanza(scratch, text) });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe("{}");
    });
  }

  test(`cni_${role} returns any cniVersion that is a string`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, String.raw`{"cniVersion":"1.0\u002e0 \"x\" \\ \u00e9 \n"}`);
    const run = await runTap({ role, env: add, stdin });
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout.toString())).toEqual({ cniVersion: '1.0.0 "x" \\ é \n' });
  });

  test(`cni_${role} treats a prevResult of null as none`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, '{"cniVersion":"0.4.0","prevResult":null}');
    const run = await runTap({ role, env: add, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString()).toBe('{"cniVersion":"0.4.0"}');
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
  });

  for (const logFormat of formats) {
    test(`cni_${role} logs ${role === "pre" ? "stdin" : "prevResult"} of a later ADD in the ${logFormat} format`, async () => {
      const scratch = useScratch();
      const prev = '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}';
      const stdin = stanza(scratch, `{"cniVersion":"1.0.0","prevResult":${prev},"type":"x"}`, { logFormat });
      const run = await runTap({ role, env: add, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe(prev);
      const [line = "", ...rest] = scratch.lines();
      expect(rest).toEqual([]);
      const [name, text] = role === "pre" ? (["input", stdin] as const) : (["output", prev] as const);
      if (logFormat === "classic") expect(line).toBe(classicLine("ADD", "c1", name, text));
      else expect(readJsonLine(line).payload).toEqual({ name, text });
    });
  }

  test(`cni_${role} needs no variables except the command and the container ID`, async () => {
    const scratch = useScratch();
    const run = await runTap({ role, env: add, stdin: stanza(scratch, "{}") });
    expect(run).toMatchObject({ code: 0, stderr: "" });
  });

  test(`cni_${role} answers the same ADD the same way with any container ID`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, '{"cniVersion":"1.0.0"}');
    for (const id of ["../../etc/passwd", "-", " ", "a b,c", "x".repeat(4_000), "ü"]) {
      const run = await runTap({ role, env: { ...add, CNI_CONTAINERID: id }, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
    }
    expect(scratch.lines()).toHaveLength(6);
  });
}
