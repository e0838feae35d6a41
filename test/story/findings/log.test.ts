import { describe, expect, test } from "vitest";
import { tapLine } from "../support.ts";
import {
  auditLines,
  chain,
  codesOf,
  findingsOf,
  later,
  resultWith,
  WITH_RESULT,
  wrapped,
} from "./support.ts";

describe("chain-changed", () => {
  const pod = (n: number) => ({ at: n * 100, id: `c${n}`, pod: `default/web-${n}` });
  const wrap = (n: number, ...plugins: readonly string[]) =>
    plugins.flatMap((plugin, at) =>
      wrapped(
        "ADD",
        plugin,
        { ...pod(n), at: n * 100 + at * 10, pid: at },
        { output: resultWith(`10.1.2.${n}/24`) },
      ),
    );

  test("which pods lack a plugin that others had", () => {
    const lines = [
      ...wrap(1, "calico", "istio-cni"),
      ...wrap(2, "calico"),
      ...wrap(3, "calico"),
      ...wrap(4, "calico", "istio-cni"),
    ];
    const found = findingsOf("chain-changed", [...lines, ...later(90_000)]);
    expect(found).toMatchObject([
      { severity: "note", plugin: "istio-cni", containerId: null, network: "net", lines: [1, 5] },
      { severity: "note", plugin: "istio-cni", lines: [7, 9] },
    ]);
    expect(found[0]?.sentence).toBe(
      "From default/web-2 on in network net the list's wrapped plugins were calico -> istio-cni and are calico; 2 pods without istio-cni: default/web-2 and default/web-3",
    );
  });

  test("another cniVersion", () => {
    const lines = [...chain("ADD", pod(1)), ...chain("ADD", pod(2), resultWith("10.1.2.4/24"))];
    const changed = lines.map((line, at) => (at < 2 ? line.replaceAll('"1.0.0"', '"0.4.0"') : line));
    expect(findingsOf("chain-changed", changed)[0]?.sentence).toContain("was 0.4.0 and is 1.0.0");
    expect(findingsOf("chain-changed", lines)).toEqual([]);
  });

  test("not where the log begins in the middle of an ADD", () => {
    const tail = wrapped("ADD", "portmap", pod(1), {}, WITH_RESULT);
    for (const begun of [tail, tail.slice(1)]) {
      const lines = [...begun, ...wrap(2, "bridge", "portmap"), ...later(90_000)];
      expect(findingsOf("chain-changed", lines)).toEqual([]);
    }
    const first = wrapped("ADD", "portmap", pod(1));
    expect(
      findingsOf("chain-changed", [...first, ...wrap(2, "bridge", "portmap"), ...later(90_000)]),
    ).toHaveLength(1);
  });

  test("not where an ADD stopped half-way, or another network has another list", () => {
    const stopped = wrapped("ADD", "calico", pod(2), { exit: 1, output: { code: 1, msg: "x" } });
    expect(findingsOf("chain-changed", [...wrap(1, "calico", "portmap"), ...stopped])).toEqual([]);
    const other = wrapped("ADD", "macvlan", { ...pod(3), network: "b" });
    expect(codesOf([...wrap(1, "calico"), ...other])).toEqual([]);
  });
});

test("torn-line: half lines", () => {
  const [half = ""] = chain("ADD", { at: 0 });
  expect(findingsOf("torn-line", [half.slice(0, 90), ...later(9)])).toMatchObject([
    { severity: "note", lines: [1] },
  ]);
  expect(findingsOf("torn-line", ["", "hello", ...later(9)])).toEqual([]);
});

test("mixed-versions: taps of several builds", () => {
  const [first = "", second = ""] = chain("ADD", { at: 0 });
  const mixed = [first, second.replace('"build":"0.1.0"', '"build":"0.2.0"')];
  expect(findingsOf("mixed-versions", mixed)).toMatchObject([{ severity: "note", lines: [1, 2] }]);
  expect(findingsOf("mixed-versions", [first, second])).toEqual([]);
});

test("pods that are judged early, because there are too many, are judged all the same", () => {
  const failed = [tapLine("ADD", "pre", { at: 0 }), ...chain("DEL", { at: 30 })];
  const lines = [...later(-100), ...failed, ...later(100, "b"), ...later(200, "c")];
  const { findings, closedEarly } = auditLines(lines, { mostOpen: 1 });
  expect(findings.map(({ code }) => code)).toEqual(["add-failed"]);
  expect(closedEarly).toBeGreaterThan(0);
});
