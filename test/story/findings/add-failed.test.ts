import { describe, expect, test } from "vitest";
import { beginLine, podLine, tapLine } from "../support.ts";
import { chain, codesOf, findingsOf, later, WITH_RESULT, wrapped } from "./support.ts";

const begun = tapLine("ADD", "pre", { at: 0 });
const rolledBack = chain("DEL", { at: 30 });
const error = { code: 11, msg: "no addresses left" };

describe("found", () => {
  test("an ADD of pre without one of post, and a DEL", () => {
    const [found] = findingsOf("add-failed", [begun, ...rolledBack, ...later(100)]);
    expect(found).toMatchObject({
      ...{ severity: "error", containerId: "c1", namespace: "default", name: "web-0", network: "net" },
      sentence:
        "The ADD of default/web-0 in network net failed: a plugin between cni_pre and cni_post failed",
      lines: [1, 2],
      plugin: null,
    });
  });

  test("an ADD that has not ended for longer than --stuck", () => {
    const lines = [begun, ...later(61_000)];
    expect(findingsOf("add-failed", lines)[0]?.sentence).toContain("has not ended for 61.0 s");
    expect(findingsOf("add-failed", lines, { stuckMs: 100_000 })).toEqual([]);
    const nowMs = Date.UTC(2026, 10, 21, 12, 2, 0);
    expect(findingsOf("add-failed", [begun, ...later(9)], { nowMs })).toHaveLength(1);
  });

  test("what the plugin said, and which one, with its delegate", () => {
    const failed = { exit: 1, output: error, stderr: "dial tcp: refused\n" };
    const [found] = findingsOf("add-failed", wrapped("ADD", "calico", { at: 0 }, failed));
    expect(found).toMatchObject({ plugin: "calico", lines: [1, 2] });
    expect(found?.sentence).toContain("code 11: no addresses left; on stderr: dial tcp: refused");
    const [begin = "", end = ""] = wrapped(
      "ADD",
      "bridge",
      { at: 0, pid: 1 },
      { exit: 1, output: error, ms: 9 },
    );
    const inner = wrapped(
      "ADD",
      "host-local",
      { at: 1, pid: 2 },
      { exit: 1, output: error },
      { type: "bridge" },
    );
    const [nested] = findingsOf("add-failed", [begin, ...inner, end]);
    expect(nested).toMatchObject({ plugin: "host-local", lines: [1, 2, 3, 4] });
    expect(nested?.sentence).toContain("host-local (called by bridge) said code 11: no addresses left");
  });

  test("an exit code without an error object, such as Go's panic", () => {
    const panic = { exit: 2, output: null, stderr: "panic: runtime error\n\ngoroutine 1 [running]:\n" };
    const [found] = findingsOf("add-failed", wrapped("ADD", "calico", { at: 0 }, panic));
    expect(found?.sentence).toContain(
      "exit code 2; on stderr: panic: runtime error / goroutine 1 [running]:",
    );
  });

  test("what to do about a plugin that is not there", () => {
    const none = {
      exit: 1,
      output: { code: 999, msg: 'failed to find plugin "portmap" in path [/opt/cni/bin]' },
    };
    expect(findingsOf("add-failed", wrapped("ADD", "portmap", { at: 0 }, none))[0]?.advice).toContain(
      "Put the exec",
    );
  });

  test("a request that a tap could not read", () => {
    const [pre = ""] = chain("ADD", { at: 0 });
    const note = pre.replace(/"input":\{.*\}\}$/, '"note":"stdin is not JSON: unexpected end at byte 7"}');
    const [found] = findingsOf("add-failed", [note]);
    expect(found?.sentence).toContain("a tap could not read the request: stdin is not JSON: unexpected end");
  });

  test("in the classic format, once a DEL has come", () => {
    const classic = [
      'CNI_COMMAND=ADD,CNI_CONTAINERID=c1,input={"name":"net"}',
      'CNI_COMMAND=DEL,CNI_CONTAINERID=c1,input={"name":"net"}',
    ];
    expect(findingsOf("add-failed", classic)).toMatchObject([
      { network: "net", lines: [1, 2], namespace: null },
    ]);
    expect(findingsOf("add-failed", classic.slice(0, 1))).toEqual([]);
  });
});

describe("not found", () => {
  test("where Run came all the same", () => {
    expect(
      codesOf([begun, podLine("RunPodSandbox", { at: 25 }), ...rolledBack, ...later(100)]),
    ).not.toContain("add-failed");
  });

  test("where the DEL has a result: only the line is lost", () => {
    expect(
      findingsOf("add-failed", [begun, ...chain("DEL", { at: 30 }, WITH_RESULT), ...later(100)]),
    ).toEqual([]);
  });

  test("where the network has no post at all", () => {
    const lines = [begun, tapLine("DEL", "pre", { at: 30 }), tapLine("ADD", "pre", { at: 90_000, id: "d" })];
    expect(findingsOf("add-failed", lines)).toEqual([]);
  });

  test("two networks in parallel, also where the classic format names neither", () => {
    const json = [
      tapLine("ADD", "pre", { at: 0 }),
      tapLine("ADD", "pre", { at: 1, network: "b", ifname: "eth1" }),
      tapLine("ADD", "post", { at: 2, network: "b", ifname: "eth1" }),
      tapLine("ADD", "post", { at: 3 }),
    ];
    expect(findingsOf("add-failed", [...json, ...later(99_000)])).toEqual([]);
    const output = 'CNI_COMMAND=ADD,CNI_CONTAINERID=c1,output={"cniVersion":"1.0.0"}';
    const input = (command: string, name: string) =>
      `CNI_COMMAND=${command},CNI_CONTAINERID=c1,input={"name":"${name}"}`;
    const classic = [
      input("ADD", "a"),
      input("ADD", "b"),
      output,
      output,
      input("DEL", "a"),
      input("DEL", "b"),
    ];
    expect(codesOf(classic)).not.toContain("add-failed");
  });

  test("a call that is still under way", () => {
    expect(codesOf([beginLine("ADD", "calico", { at: 0 })])).toEqual([]);
  });
});
