import { beforeAll, describe, expect, test } from "vitest";
import { roles, runTap } from "../support/run-tap.ts";
import { makeScratch, type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { buildTerminal } from "../support/terminal.ts";

const known = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];
const version = { CNI_COMMAND: "VERSION" };

function reply(cniVersion: string, supportedVersions: readonly string[] = known): string {
  return JSON.stringify({ cniVersion, supportedVersions });
}

for (const role of roles) {
  for (const cniVersion of known) {
    test(`cni_${role} answers VERSION ${cniVersion} with that version and all it supports, and logs nothing`, async () => {
      const scratch = useScratch();
      const run = await runTap({
        role,
        env: version,
        stdin: stanza(scratch, `{"cniVersion":"${cniVersion}"}`),
      });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe(reply(cniVersion));
      expect(scratch.names()).toEqual([]);
    });
  }

  test(`cni_${role} adds an unknown version to those it supports`, async () => {
    const run = await runTap({ role, env: version, stdin: '{"cniVersion":"9.9.9"}' });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString()).toBe(reply("9.9.9", [...known, "9.9.9"]));
  });

  test(`cni_${role} adds an unknown version that has to be escaped`, async () => {
    const run = await runTap({ role, env: version, stdin: String.raw`{"cniVersion":"a\"\\\n\u00e9"}` });
    expect(run.code).toBe(0);
    const odd = 'a"\\\né';
    expect(JSON.parse(run.stdout.toString())).toEqual({
      cniVersion: odd,
      supportedVersions: [...known, odd],
    });
  });

  for (const [what, stdin] of [
    ["no stdin", null],
    ["an empty stdin", ""],
    ["text that is not JSON", "hello"],
    ["an incomplete object", '{"cniVersion":"0.4.0"'],
    ["an array", '["0.4.0"]'],
    ["no cniVersion", "{}"],
    ["a number for cniVersion", '{"cniVersion":0.4}'],
    ["null for cniVersion", '{"cniVersion":null}'],
    ["an empty cniVersion", '{"cniVersion":""}'],
  ] as const) {
    test(`cni_${role} answers VERSION with ${what} as 1.1.0`, async () => {
      const run = await runTap({ role, env: version, stdin });
      expect(run.code).toBe(0);
      expect(run.stdout.toString()).toBe(reply("1.1.0"));
    });
  }

  test(`cni_${role} answers VERSION as libcni asks for it, with all other variables empty or dummy`, async () => {
    const env = {
      ...version,
      CNI_CONTAINERID: "",
      CNI_NETNS: "dummy",
      CNI_IFNAME: "dummy",
      CNI_PATH: "dummy",
      CNI_ARGS: "",
    };
    const run = await runTap({ role, env, stdin: '{"cniVersion":"1.0.0"}' });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString()).toBe(reply("1.0.0"));
  });
}

describe("at a terminal", () => {
  let built: Scratch;
  let terminal = "";
  beforeAll(() => {
    built = makeScratch();
    terminal = buildTerminal(built.path("terminal"));
    return () => built.remove();
  });

  for (const role of roles) {
    test(`cni_${role} answers VERSION without waiting for input`, async () => {
      const run = await runTap({ role, env: version, via: [terminal], stdin: null });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe(reply("1.1.0"));
    });
  }
});
