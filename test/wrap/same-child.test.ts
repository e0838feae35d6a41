import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { prevResultText, readCaptures } from "../support/captures.ts";
import { composeStdin, composeVariables, type LibcniCall } from "../support/libcni.ts";
import { buildRecorder, type Recorded, readRecords, withoutDescriptors } from "../support/recorder.ts";
import { makeScratch, type Scratch, useScratch } from "../support/scratch.ts";
import { WRAP } from "../support/wrap-path.ts";

/*
 * A plugin that records what it is started with, by libcni's calls: bare, wrapped in a list, and wrapped by a link. The
 * three must be the same. test/e2e/ does it with a real runtime, which makes no CHECK, GC and VERSION.
 */

const captured = readCaptures().find(({ name }) => name === "check-1.0.0-03-CHECK-cni_pre");
const attachment = {
  containerId: captured?.env.CNI_CONTAINERID ?? "",
  netns: "/var/run/netns/cni-0d8f7e5a-1c4b-4e1e-8a52-6f0f6d2b9a02",
  ifname: "eth0",
  args: [
    ["IgnoreUnknown", "1"],
    ["K8S_POD_NAMESPACE", "shop"],
    ["K8S_POD_NAME", "cart-0"],
  ],
} as const;
const prevResult = prevResultText(captured?.stdin ?? "");
/** Keys that sort around `cniTap` and `type`, and values that Go escapes. */
const stanza = {
  type: "recorder",
  a: { type: "inner", cniTap: { type: "inner" } },
  capabilities: { portMappings: true, "io.kubernetes.cri.pod-annotations": true },
  cniTaq: "<&>\u2028",
  z: [1e21, 1e-7, 0.1, -0, 1234567890123456, "\u007f", "\ud83d\udc33"],
};
const pod = { attachment, prevResult };
const runtimeConfig = {
  "io.kubernetes.cri.pod-annotations": { "example.com/note": 'Grüße <&> "quoted" \\ , \u2028 {"type":"x"}' },
  portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: "tcp", HostIP: "" }],
  dns: { Servers: ["10.96.0.10"] },
};

const calls: Readonly<Record<string, Omit<LibcniCall, "stanza" | "path" | "network">>> = {
  "ADD with all of it": { command: "ADD", cniVersion: "1.0.0", ...pod, runtimeConfig },
  "CHECK at 0.4.0": { command: "CHECK", cniVersion: "0.4.0", ...pod },
  "CHECK at 1.1.0": { command: "CHECK", cniVersion: "1.1.0", ...pod, runtimeConfig },
  DEL: { command: "DEL", cniVersion: "1.0.0", ...pod, runtimeConfig },
  "DEL without a result": { command: "DEL", cniVersion: "0.3.1", attachment: { ...attachment, netns: "" } },
  GC: {
    command: "GC",
    cniVersion: "1.1.0",
    valid: [{ containerID: attachment.containerId, ifname: "eth0" }],
  },
  "GC that is to keep nothing": { command: "GC", cniVersion: "1.1.0", valid: [] },
  STATUS: { command: "STATUS", cniVersion: "1.1.0" },
};

let built: Scratch;
let recorder: string;
beforeAll(() => {
  built = makeScratch();
  recorder = buildRecorder(built.path("recorder"));
  return () => built.remove();
});

/** A node's plugin directory with the recorder, cni_wrap, and a directory of links to it. */
function usePlugins(): { scratch: Scratch; plugins: string; links: string } {
  const scratch = useScratch();
  const [plugins, links] = [scratch.path("bin"), scratch.path("bin/cni-tap")];
  mkdirSync(links, { recursive: true });
  copyFileSync(recorder, join(plugins, "recorder"));
  copyFileSync(WRAP, join(plugins, "cni_wrap"));
  symlinkSync("../cni_wrap", join(links, "recorder"));
  const { logFile, lockFile } = scratch;
  writeFileSync(join(links, "cni-tap.json"), JSON.stringify({ logFile, lockFile, logFormat: "json" }));
  return { scratch, plugins, links };
}

interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

function start(exe: string, call: LibcniCall, scratch: Scratch): Answer {
  const env = { PATH: "/bin", ...composeVariables(call), DUMPS: scratch.path("dumps"), LAST: "\u00fc=;" };
  const { stdout, stderr, status } = spawnSync(exe, { env, input: composeStdin(call), encoding: "utf8" });
  return { stdout, stderr, status };
}

function expectSame(answers: readonly Answer[]): void {
  expect(answers[0]).toMatchObject({ status: 0, stderr: "" });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
}

/** The records of a test, the bare plugin's first, as if libcni had started the plugins. */
function readCalls(scratch: Scratch): [Recorded, ...Recorded[]] {
  const [bare, ...wrapped] = readRecords(scratch.path("dumps")).map((record) => ({
    ...record,
    state: record.state.replaceAll("mode 140000", "mode 10000"), // Node has sockets where libcni has pipes
  }));
  if (!bare) throw new Error("Cannot see the calls: none was recorded");
  return [withoutDescriptors(bare), ...wrapped];
}

/** The commands of the log's lines, each twice for its begin and end. */
function commandsOf(scratch: Scratch): string[] {
  return scratch.lines().map((line) => JSON.parse(line).command);
}

describe("a plugin is started with the same bytes, bare or wrapped", () => {
  test.each(Object.entries(calls))("%s", (_, { command, ...rest }) => {
    const { scratch, plugins, links } = usePlugins();
    const call = { command, ...rest, network: "podnet", stanza, path: [plugins] };
    const { logFile, lockFile } = scratch;
    const cniTap = { type: "recorder", logFile, lockFile, logFormat: "json" };
    const answers = [
      start(join(plugins, "recorder"), call, scratch),
      start(join(plugins, "cni_wrap"), { ...call, stanza: { ...stanza, type: "cni_wrap", cniTap } }, scratch),
      start(join(links, "recorder"), { ...call, path: [links, plugins] }, scratch),
      // containerd before 2.1 has one directory only.
      start(join(links, "recorder"), { ...call, path: [links] }, scratch),
    ];
    expectSame(answers);
    const [bare, ...wrapped] = readCalls(scratch);
    expect(bare.stdin).toBe(composeStdin(call));
    expect(wrapped).toEqual(Array.from({ length: 3 }, () => bare));
    const lines = command === "STATUS" ? [] : Array.from({ length: 6 }, () => command);
    expect(commandsOf(scratch)).toEqual(lines);
  });

  test("VERSION by a link, whose CNI_PATH leads nowhere; in a list cni_wrap answers itself", () => {
    const { scratch, plugins, links } = usePlugins();
    const call = { command: "VERSION", cniVersion: "1.1.0", network: "podnet", stanza, path: [] } as const;
    const answers = [
      start(join(plugins, "recorder"), call, scratch),
      start(join(links, "recorder"), call, scratch),
    ];
    expectSame(answers);
    const [bare, wrapped, ...others] = readCalls(scratch);
    expect(others).toEqual([]);
    const path = (record: Recorded | undefined) =>
      record?.env.map((entry) => entry.replace(/^CNI_PATH=dummy.*/, "CNI_PATH="));
    expect({ ...wrapped, env: path(wrapped) }).toEqual({ ...bare, env: path(bare) });
    // Its own directory is added for the delegates that it may start.
    expect(wrapped?.env).toContain(`CNI_PATH=dummy:${plugins}`);
    const own = start(join(plugins, "cni_wrap"), call, scratch);
    expect(JSON.parse(own.stdout).supportedVersions).toContain("1.1.0");
    expect(readCalls(scratch)).toHaveLength(2);
    expect(scratch.lines()).toEqual([]);
  });
});
