import { describe, expect, test } from "vitest";
import { beginLine, podLine } from "../support.ts";
import { codesOf, findingsOf, wrapped } from "./support.ts";

describe("plugin-died", () => {
  test("names the plugin and the signal, in place of add-failed", () => {
    const lines = [
      ...wrapped("ADD", "calico", { at: 0 }, { signal: 11, output: null }),
      ...wrapped("DEL", "calico", { at: 10 }, { signal: 9, output: null }),
    ];
    expect(codesOf(lines)).toEqual(["plugin-died", "plugin-died"]);
    const [crashed, killed] = findingsOf("plugin-died", lines);
    expect(crashed).toMatchObject({ plugin: "calico", lines: [1, 2], severity: "error" });
    expect(crashed?.sentence).toBe(
      "calico crashed in the ADD of default/web-0 in network net: signal 11 (SIGSEGV), after 5.0 ms",
    );
    expect(killed?.sentence).toContain("calico was killed in the DEL");
    expect(killed?.advice).toContain("oom");
  });

  test("not for an exit code, which is add-failed", () => {
    const lines = wrapped("ADD", "calico", { at: 0 }, { exit: 2, output: null, stderr: "panic: x" });
    expect(codesOf(lines)).toEqual(["add-failed"]);
  });
});

describe("call-killed", () => {
  const about = { at: 0, pid: 1 };

  test("a call without an end, and the runtime went on", () => {
    const lines = [
      beginLine("ADD", "azure-vnet", about, { type: "azure-vnet" }),
      beginLine("ADD", "azure-vnet", { at: 50, id: "d2", pod: "default/web-1", pid: 2 }),
      ...wrapped("DEL", "azure-vnet", { at: 120_000, pid: 3 }),
    ];
    const [found, ...more] = findingsOf("call-killed", lines);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ plugin: "azure-vnet", lines: [1, 3] });
    expect(found?.sentence).toContain("killed after at most 2 min");
    expect(codesOf(lines).filter((code) => code === "add-failed")).toHaveLength(1); // that of web-1, which is stuck
  });

  test("how many of that plugin's calls were under way", () => {
    const others = [1, 2, 3].map((n) => beginLine("ADD", "azure-vnet", { at: n, id: `o${n}`, pid: n + 9 }));
    const lines = [...others, beginLine("ADD", "azure-vnet", { at: 10, pid: 1 })];
    const end = wrapped("DEL", "azure-vnet", { at: 1000, pid: 3 });
    const ends = [1, 2, 3].flatMap(
      (n) => wrapped("ADD", "azure-vnet", { at: n, id: `o${n}`, pid: n + 9 }, { ms: 90 })[1] ?? [],
    );
    expect(findingsOf("call-killed", [...lines, ...ends, ...end])[0]?.sentence).toContain(
      "; 3 other calls of azure-vnet were under way",
    );
  });

  test("also where its delegate's lines follow", () => {
    const lines = [
      beginLine("ADD", "bridge", about, { type: "bridge" }),
      ...wrapped("ADD", "host-local", { at: 1, pid: 2 }, {}, { type: "bridge" }),
      ...wrapped("DEL", "bridge", { at: 5000, pid: 3 }),
    ];
    expect(findingsOf("call-killed", lines)).toMatchObject([{ plugin: "bridge" }]);
  });

  test("not where the chain's next plugin follows: only the end line is lost", () => {
    const lines = [
      beginLine("ADD", "bridge", about, { type: "bridge" }),
      ...wrapped("ADD", "portmap", { at: 9, pid: 2 }, {}, { prevResult: { cniVersion: "1.0.0" } }),
      ...wrapped("DEL", "portmap", { at: 5000, pid: 3 }),
      ...wrapped("DEL", "bridge", { at: 5009, pid: 4 }),
    ];
    expect(findingsOf("call-killed", lines)).toEqual([]);
  });

  test("not while it is under way, and not where the pod runs", () => {
    expect(codesOf([beginLine("ADD", "bridge", about)])).toEqual([]);
    const lines = [
      beginLine("ADD", "bridge", about),
      podLine("RunPodSandbox", { at: 20 }),
      ...wrapped("DEL", "bridge", { at: 9000, pid: 3 }),
    ];
    expect(codesOf(lines)).not.toContain("call-killed");
  });
});

describe("empty-result", () => {
  test("exit code 0 and no result, in place of add-failed", () => {
    for (const output of [null, "Listening on :9090", 7, []]) {
      const lines = [
        ...wrapped("ADD", "cilium-cni", { at: 0 }, { output }),
        ...wrapped("DEL", "cilium-cni", { at: 9 }),
      ];
      expect(codesOf(lines)).toEqual(["empty-result"]);
      expect(findingsOf("empty-result", lines)[0]).toMatchObject({ plugin: "cilium-cni", lines: [1, 2] });
    }
  });

  test("not for a DEL, a failure, or a result that is hidden", () => {
    expect(codesOf(wrapped("DEL", "cilium-cni", { at: 0 }))).not.toContain("empty-result");
    expect(codesOf(wrapped("ADD", "x", { at: 0 }, { exit: 1, output: null }))).toEqual(["add-failed"]);
    expect(codesOf(wrapped("ADD", "x", { at: 0 }, { output: "[redacted 90 bytes]" }))).toEqual([]);
  });
});

describe("quiet-failure", () => {
  const del = (stderr: string, output: unknown = null) =>
    findingsOf("quiet-failure", wrapped("DEL", "weave-net", { at: 0 }, { stderr, output }));

  test.each([
    "Delete: dial tcp 127.0.0.1:6784: connect: connection refused",
    'time="2026-11-21T12:00:00Z" level=error msg="cannot release: timed out"',
    '{"level":"error","msg":"request failed"}',
    "2026-11-21 12:00:00.123 [ERROR][99] ipam: no such block",
    "E1121 12:00:00.000000 1 main.go:1] failed to release",
    "level=info msg=x\nlevel=fatal msg=denied",
  ])("%s", (stderr) => {
    expect(del(stderr)).toMatchObject([{ severity: "warning", plugin: "weave-net", lines: [1, 2] }]);
  });

  test("an output that speaks of a failure", () => {
    expect(del("", { code: 11, msg: "try again later" })[0]?.sentence).toContain(
      "said: code 11: try again later",
    );
    expect(del("", "connection refused")).toHaveLength(1);
  });

  test.each([
    "released 10.1.2.3",
    'time="x" level=info msg="retry after connection refused"',
    '{"level":"warn","msg":"request failed"}',
    "2026-11-21 12:00:00.123 [INFO][99] ipam: no such block, err=<nil>",
    "W1121 12:00:00.000000 1 main.go:1] failed to release",
    'done err=<nil> "error":null, no errors',
    "pod default/web-0 deleted",
  ])("silent: %s", (stderr) => {
    expect(del(stderr)).toEqual([]);
  });

  test("names of the pod are no failure", () => {
    const about = { at: 0, pod: "fail-tests/error-page-0" };
    const stderr = "deleted error-page-0 of fail-tests";
    expect(codesOf(wrapped("DEL", "weave-net", about, { stderr }))).not.toContain("quiet-failure");
  });
});
