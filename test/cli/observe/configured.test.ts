import { describe, expect, it } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { encode } from "../../../src/nri/encode.ts";
import { ConfigureRequestSchema, Plugin } from "../../../src/nri/gen/api_pb.js";
import { describeOnPrivateMachine, unshare } from "../../support/private-mounts.ts";
import { type Scratch, useScratch } from "../../support/scratch.ts";
import { OBSERVER } from "../support/spawn.ts";
import { launchObserving, observeRuntime } from "./support/observing.ts";
import { classicPodLineOf, podNumber, tell } from "./support/pods.ts";

const EVENTS = 7;
const runtime = { runtimeName: "containerd", runtimeVersion: "v2.3.4" };

/** Configures an observer that logs to the scratch directory. Returns its log's lines after one event. */
async function configured(scratch: Scratch, config: string) {
  const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
  expect(await connection.start({}, { ...runtime, config })).toBe(EVENTS);
  await tell(connection, "run", podNumber(1));
  await waitFor("the line", () => scratch.linesSoFar().some((line) => line.includes("RunPodSandbox")));
  return { observing, connection, lines: scratch.lines() };
}

describe("a configuration from the runtime", () => {
  it.each([
    ["YAML", "logFormat: json\nlabel: from the runtime\nlockFile: /x\nunknown: [1, {a: b}]\n"],
    ["JSON", '{"logFormat":"json","label":"from the runtime","lockTimeoutMs":5}'],
  ])("in %s is used", async (_, config) => {
    const { lines } = await configured(useScratch(), config);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ nri: "RunPodSandbox", label: "from the runtime" });
  });

  it("does not override flags", async () => {
    const scratch = useScratch();
    const args = ["-log-file", scratch.logFile, "-set", "label=flag"];
    const { connection } = await observeRuntime({ args });
    const config = `{"logFile":"${scratch.path("other")}","logFormat":"json","label":"runtime"}`;
    expect(await connection.start({ pods: [podNumber(1)] }, { ...runtime, config })).toBe(EVENTS);
    await waitFor("the line", () => scratch.linesSoFar().length === 1);
    expect(JSON.parse(scratch.lines()[0] ?? "")).toMatchObject({ label: "flag" });
  });

  const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    .concat([..."bcdefgh"].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`)}]`))
    .join("\n");
  const cannot = "Cannot read the configuration: ";
  it.each<[string, string, RegExp]>([
    [
      "of a megabyte",
      `label: ${"x".repeat(1 << 20)}`,
      /^Cannot read the configuration: it is larger than 16384 bytes$/,
    ],
    ["nested 16,000 deep", "[".repeat(16_000), /^Cannot read the configuration: (resource|too)/],
    ["that is an alias bomb", bomb, /^Cannot read the configuration: too deep, or with aliases/],
    [
      "that is not a mapping",
      "- a\n- b\n",
      new RegExp(`^${cannot}keys and values are expected, not a list$`),
    ],
    ["that is broken", "logFormat: [json\n\x1b", new RegExp(`^${cannot}[a-z ]+ at byte \\d+$`)],
    [
      "with a value of a wrong type",
      "logFormat: 5\n",
      /^Cannot use logFormat: wants "classic" or "json", saw a number$/,
    ],
    ["that contains itself", "label: &a [*a]\n", /^Cannot use label: wants a string, saw an array$/],
    [
      "with a secret in the wrong place",
      "redact: s3cret\n",
      /^Cannot use redact: wants true or false, saw a string$/,
    ],
  ])("%s costs a complaint on stderr and in the log, and nothing else", async (_, config, complaint) => {
    const { observing, lines } = await configured(useScratch(), config);
    expect(lines).toEqual([expect.stringMatching(complaint), classicPodLineOf("RunPodSandbox", 1)]);
    await observing.said(complaint);
  });

  it("with duplicate keys is read, and the last one counts", async () => {
    const { lines } = await configured(
      useScratch(),
      "label: a\nlogFormat: classic\nlogFormat: json\nlabel: b\n",
    );
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ label: "b" });
  });

  it("that is not UTF-8 is refused, and the next one accepted", async () => {
    const { observing, connection } = await observeRuntime();
    await connection.registration;
    const bytes = Buffer.from(encode(ConfigureRequestSchema, { ...runtime, config: "label: @@@@" }));
    bytes.fill(0xff, bytes.indexOf("@@@@"), bytes.indexOf("@@@@") + 4);
    await expect(connection.call("Configure", bytes)).rejects.toMatchObject({ code: "status" });
    expect((await connection.ask(Plugin.method.configure, runtime)).events).toBe(EVENTS);
    expect((await observing.end()).code).toBe(0);
  });

  it("may be repeated, and is used from the next line on", async () => {
    const scratch = useScratch();
    const { connection } = await configured(scratch, "logFormat: json\n");
    const config = `logFormat: classic\n`;
    await connection.ask(Plugin.method.configure, { ...runtime, config });
    await tell(connection, "stop", podNumber(1));
    await waitFor("the line", () => scratch.linesSoFar().length === 2);
    expect(scratch.lines()[1]).toBe(classicPodLineOf("StopPodSandbox", 1));
  });
});

describeOnPrivateMachine("an observer that a runtime launches without a log of its own", () => {
  /** The observer's /tmp and its record of installations are directories of the test. */
  const script = `mount --bind "\${1%/*}" /mnt && mount --bind "$0" /var/lib && mount --bind "$0" /tmp && exec "/mnt/\${1##*/}"`;

  it.each([
    ["without a configuration", "", []],
    ["with a broken configuration", "[", [expect.stringMatching(/^Cannot read the configuration: /)]],
  ])("logs to /tmp/cni.log %s", async (_, config, notes) => {
    const scratch = useScratch();
    const via = ["/usr/bin/env", ...unshare, "/bin/sh", "-c", script, scratch.folder];
    const { observing, connection } = launchObserving(OBSERVER, { name: "n", index: "10" }, via);
    expect(await connection.start({ pods: [podNumber(1)] }, { ...runtime, config })).toBe(EVENTS);
    await waitFor("the lines", () => scratch.linesSoFar().length === notes.length + 1);
    expect(scratch.lines()).toEqual([...notes, classicPodLineOf("Synchronize", 1)]);
    connection.socket.destroy();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
  });
});
