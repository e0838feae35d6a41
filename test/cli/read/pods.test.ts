import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { beginLine, endLine, podLine, tapLine } from "../../story/support.ts";
import { useScratch } from "../../support/scratch.ts";
import { cnitap } from "../support/host.ts";

const RUNNING = [tapLine("ADD", "pre", { at: 0 }), tapLine("ADD", "post", { at: 88.7 })];
const other = { id: "d2", pod: "kube-system/dns-0" };
const FAILED = [
  beginLine("ADD", "calico", { at: 100, ...other }),
  endLine("ADD", "calico", { at: 104, ...other }, { exit: 1, output: { code: 11, msg: "no addresses" } }),
];
const gone = { id: "e3", pod: "default/job-0" };
const REMOVED = [
  tapLine("ADD", "pre", { at: 200, ...gone }),
  tapLine("ADD", "post", { at: 210, ...gone }),
  podLine("RemovePodSandbox", { at: 300, ...gone }),
];
const ALL = [...RUNNING, ...FAILED, ...REMOVED];

/** A log of these lines; `older` is its rotated one. */
function useLog(lines: readonly string[], older?: readonly string[]): string {
  const path = useScratch().path("cni.log");
  const text = (all: readonly string[]) => all.map((line) => `${line}\n`).join("");
  writeFileSync(path, text(lines));
  if (older) writeFileSync(`${path}.1`, text(older));
  return path;
}

const pods = (path: string, ...args: readonly string[]) => cnitap("pods", "--log-file", path, ...args);
const namesIn = (out: string) => out.split("\n").flatMap((line) => /^\S+\/\S+/.exec(line)?.[0] ?? []);

describe("cnitap pods", () => {
  test("shows a table of the pods that are there", async () => {
    const { code, out, err } = await pods(useLog(ALL));
    expect([code, err]).toEqual([0, ""]);
    const [head, ...rows] = out.trimEnd().split("\n");
    expect(head).toMatch(/^POD +CONTAINER ID +STATE +IF +IPS +ADD ms +DEL ms +AGE$/);
    expect(rows).toEqual([
      expect.stringMatching(/^default\/web-0 +c1 +running +eth0 +10\.1\.2\.3 +89 /),
      expect.stringMatching(/^kube-system\/dns-0 +d2 +failed +eth0$/),
    ]);
  });

  test("shows removed ones with --all, failed ones alone with --failed, and those of a namespace", async () => {
    const path = useLog(ALL);
    expect(namesIn((await pods(path, "--all")).out)).toEqual([
      "default/web-0",
      "kube-system/dns-0",
      "default/job-0",
    ]);
    expect(namesIn((await pods(path, "--failed")).out)).toEqual(["kube-system/dns-0"]);
    expect(namesIn((await pods(path, "--all", "-n", "default")).out)).toEqual([
      "default/web-0",
      "default/job-0",
    ]);
  });

  test("prints one object a line with --json", async () => {
    const { out } = await pods(useLog(ALL), "--json");
    const [first] = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(first).toEqual({
      ...{
        containerId: "c1",
        namespace: "default",
        name: "web-0",
        uid: null,
        network: "net",
        ifname: "eth0",
      },
      ...{ state: "running", ips: ["10.1.2.3/24"], addMs: 88.7, delMs: null },
      ...{ addedAt: "2026-11-21T12:00:00.088Z", deletedAt: null },
    });
  });

  test("reads the rotated log first, and several logs as one", async () => {
    const [begin = "", end = ""] = RUNNING;
    const both = await pods(useLog([end], [begin]), "--json");
    expect(JSON.parse(both.out)).toMatchObject({ state: "running", addMs: 88.7 });
    const { out } = await pods(useLog([begin]), "--log-file", useLog([end]), "--json");
    expect(JSON.parse(out)).toMatchObject({ state: "running", addMs: 88.7 });
  });

  test("has nothing to show of an empty log, or one of other programs", async () => {
    for (const lines of [[], ["hello", "", "\u0000\u001b[31m"]])
      expect(await pods(useLog(lines))).toEqual({ code: 0, out: "", err: "" });
  });

  test("escapes what a tenant may have written", async () => {
    const { out } = await pods(
      useLog([podLine("RunPodSandbox", { at: 0, pod: "default/\u001b[31m\u202ex\n" })]),
    );
    expect(out).toContain("default/\\x1b[31m\\u202ex");
    expect(out.split("\n")).toHaveLength(3);
  });

  test("says why a log cannot be read, and what to do", async () => {
    const scratch = useScratch();
    const missing = scratch.path("none.log");
    expect(await pods(missing)).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /^cnitap: Cannot read .*none\.log: it is not there\nName another with --log-file/,
      ),
    });
    mkdirSync(scratch.path("folder"));
    expect((await pods(scratch.path("folder"))).err).toContain("folder: it is a directory");
    writeFileSync(scratch.path("log.gz"), gzipSync("text"));
    expect((await pods(scratch.path("log.gz"))).err).toMatch(/log\.gz: it is compressed \(gzip\)\nzcat /);
  });
});

describe("cnitap show", () => {
  const show = (path: string, ...args: readonly string[]) => cnitap("show", ...args, "--log-file", path);

  test("tells a pod's story by its name or the first letters of its ID", async () => {
    const path = useLog(ALL);
    const { code, out } = await show(path, "kube-system/dns-0", "--brief");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "kube-system/dns-0  d2",
      "  net eth0  failed",
      "",
      "       0.0 ms  ADD calico  [eth0]",
      "       4.0 ms  ADD calico: failed, exit 1 after 5.0 ms  [eth0]",
      "                 code 11: no addresses",
      "",
      expect.stringMatching(/^error {2}add-failed {2}The ADD of kube-system\/dns-0 .*no addresses$/),
      expect.stringMatching(/^ {7}\S/),
      "",
    ]);
    for (const name of ["dns-0", "d2", "d"]) expect((await show(path, name, "--brief")).out).toBe(out);
  });

  test("reads a pipe once, and tells the same of it", async () => {
    const path = useLog(ALL);
    const pipe = useScratch().path("pipe");
    execFileSync("mkfifo", [pipe]);
    spawn("sh", ["-c", 'exec cat "$0" > "$1"', path, pipe], { stdio: "ignore" });
    expect(await show(pipe, "dns-0", "--brief")).toEqual(await show(path, "dns-0", "--brief"));
  });

  test("shows requests and results in full, unless --brief is given", async () => {
    const { out } = await show(useLog(RUNNING), "web-0");
    expect(out).toContain('                 input {\n                   "name": "net"\n');
    expect(out).toContain('"address": "10.1.2.3/24"');
  });

  test("says how to learn more where the log does not have a plugin's words", async () => {
    const lines = [tapLine("ADD", "pre", { at: 0 }), tapLine("DEL", "post", { at: 10 })];
    const { out } = await show(useLog(lines), "web-0");
    expect(out).toContain("journalctl --since '2026-11-21 11:59:59 UTC' | grep c1\n");
    expect(out).toContain("cnitap install --mode wrap");
  });

  test("clears CNI where it took little of the pod's start", async () => {
    const { out } = await show(useLog([...RUNNING, podLine("RunPodSandbox", { at: 1200 })]), "web-0");
    expect(out).toContain("CNI took 89 ms of 1.2 s from the first ADD to RunPodSandbox\n");
  });

  test("shows all sandboxes of a pod, the latest first", async () => {
    const again = [
      tapLine("ADD", "pre", { at: 900, id: "c9" }),
      tapLine("ADD", "post", { at: 950, id: "c9" }),
    ];
    const { out } = await show(useLog([...RUNNING, ...again]), "web-0", "--json");
    const stories = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(stories.map(({ containerId }) => containerId)).toEqual(["c9", "c1"]);
    expect(stories[1].timeline).toMatchObject([
      { line: 1, title: "ADD begins (cni_pre)", input: { name: "net" } },
      { line: 2, title: "ADD has ended (cni_post)", output: { cniVersion: "1.0.0" } },
    ]);
  });

  test("fails for a pod that is not in the log", async () => {
    expect(await show(useLog(ALL), "nope")).toMatchObject({
      code: 1,
      out: "",
      err: "cnitap: Cannot show nope: no line of the log is about it\ncnitap pods --all lists the pods that are there.\n",
    });
  });
});
