import { describe, expect, test } from "vitest";
import { podLine, RESULT, tapLine } from "../support.ts";
import { chain, codesOf, findingsOf, later, WITH_RESULT, wrapped } from "./support.ts";

const added = chain("ADD", { at: 0 });
const second = chain("DEL", { at: 60_000, netns: "" });

describe("late-del", () => {
  const newer = chain("ADD", { at: 1000, id: "c2" }, { ips: [{ address: "10.1.2.9/24" }] });

  test("the first whole DEL of an older sandbox comes after the newer one's ADD", () => {
    const [found, ...more] = findingsOf("late-del", [
      ...added,
      ...newer,
      ...chain("DEL", { at: 40_000 }, WITH_RESULT),
    ]);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ severity: "warning", containerId: "c1", name: "web-0", lines: [3, 5] });
    expect(found?.sentence).toBe(
      "The DEL of default/web-0's older sandbox c1 came 39.0 s after the ADD of its newer one c2",
    );
  });

  test("not a runtime's second DEL, and not another pod's", () => {
    const first = chain("DEL", { at: 500 }, WITH_RESULT);
    expect(codesOf([...added, ...first, ...newer, ...second])).toEqual([]);
    const other = chain(
      "ADD",
      { at: 1000, id: "c2", pod: "default/web-1" },
      { ips: [{ address: "10.1.2.9/24" }] },
    );
    expect(codesOf([...added, ...other, ...chain("DEL", { at: 40_000 }, WITH_RESULT)])).toEqual([]);
    // A second DEL whose first one is before the log:
    expect(findingsOf("late-del", [...newer, ...second])).toEqual([]);
  });
});

describe("delegate-left", () => {
  const about = { at: 0, pid: 1 };
  const nest = (outer: readonly string[], inner: readonly string[]) => [
    outer[0] ?? "",
    ...inner,
    outer[1] ?? "",
  ];
  const ipam = (command: string, at: number, id = "c1") =>
    nest(
      wrapped(command, "bridge", { at, pid: at + 1, id }, { ms: 9 }),
      wrapped(command, "host-local", { at: at + 1, pid: at + 2, id }, {}, { type: "bridge" }),
    );
  const bare = wrapped("DEL", "bridge", { at: 50, pid: 77 });
  const again = ipam("ADD", 900, "d2");

  test("a delegate that got ADD and never DEL, and is there still", () => {
    const [found] = findingsOf("delegate-left", [...ipam("ADD", 0), ...bare, ...again]);
    expect(found).toMatchObject({
      severity: "warning",
      plugin: "host-local",
      containerId: "c1",
      lines: [2, 3, 5, 6],
    });
    expect(found?.sentence).toBe(
      "bridge ended the DEL of default/web-0 in network net well, but never called host-local, which its ADD had called",
    );
  });

  test("of Multus, whose delegates have networks of their own", () => {
    const multus = (command: string, at: number, id = "c1") =>
      wrapped(command, "multus", { at, pid: at + 1, id, network: "multus" }, { ms: 20 }, { delegates: [] });
    const flannel = (command: string, at: number, id = "c1") =>
      wrapped(command, "flannel", { at, pid: at + 1, id, network: "cbr0" });
    const up = nest(multus("ADD", 0), flannel("ADD", 5));
    const next = nest(multus("ADD", 900, "d2"), flannel("ADD", 905, "d2"));
    const left = findingsOf("delegate-left", [...up, ...multus("DEL", 100), ...next]);
    expect(left).toMatchObject([{ plugin: "flannel", network: "cbr0" }]);
    const whole = nest(multus("DEL", 100), flannel("DEL", 105));
    expect(findingsOf("delegate-left", [...up, ...whole, ...next])).toEqual([]);
  });

  test("not where it got its DEL, is not seen any more, or the caller's DEL failed", () => {
    expect(codesOf([...ipam("ADD", 0), ...ipam("DEL", 50)])).toEqual([]);
    expect(findingsOf("delegate-left", [...ipam("ADD", 0), ...bare])).toEqual([]);
    const failed = wrapped("DEL", "bridge", { ...about, at: 50 }, { exit: 1, output: { code: 1, msg: "x" } });
    expect(findingsOf("delegate-left", [...ipam("ADD", 0), ...failed, ...again])).toEqual([]);
  });
});

describe("del-differs", () => {
  const ports = { capabilities: { portMappings: true }, runtimeConfig: { portMappings: [{ HostPort: 80 }] } };
  const add = (payload: object) => [
    tapLine("ADD", "pre", { at: 0 }, payload),
    tapLine("ADD", "post", { at: 20 }),
  ];
  const del = (payload: object, netns?: string) => [
    tapLine("DEL", "post", { at: 100, ...(netns === undefined ? {} : { netns }) }, payload),
    tapLine("DEL", "pre", { at: 120, ...(netns === undefined ? {} : { netns }) }, payload),
  ];

  test("port mappings that the ADD had", () => {
    for (const runtimeConfig of [{}, { portMappings: [] }]) {
      const lines = [...add(ports), ...del({ ...ports, ...WITH_RESULT, runtimeConfig })];
      const [found] = findingsOf("del-differs", lines);
      expect(found).toMatchObject({ severity: "warning", lines: [1, 3] });
      expect(found?.sentence).toContain("lacks runtimeConfig.portMappings, which the ADD had");
    }
  });

  test("the result, from 0.4.0 on", () => {
    const [found] = findingsOf("del-differs", [...added, ...del({})]);
    expect(found?.sentence).toContain("lacks prevResult");
    const old = [...added, ...del({})].map((line) => line.replaceAll('"1.0.0"', '"0.3.1"'));
    expect(codesOf(old)).toEqual([]);
  });

  test("the network namespace", () => {
    const [found] = findingsOf("del-differs", [...added, ...del(WITH_RESULT, "")]);
    expect(found?.sentence).toContain("lacks CNI_NETNS");
    const untapped = podLine("RunPodSandbox", { at: 60, id: "u", pod: "default/u" });
    const old = (lines: readonly string[]) => lines.map((line) => line.replaceAll('"1.0.0"', '"0.3.1"'));
    expect(findingsOf("del-differs", old([...added, ...del({}, "")]))).toHaveLength(1);
    expect(findingsOf("del-differs", old([...added, untapped, ...del({}, "")]))).toEqual([]);
  });

  test("not a second DEL, where the taps were out of the list at the first one", () => {
    expect(findingsOf("del-differs", [...added, ...second])).toEqual([]);
  });

  test("not the second DEL, a failed ADD's, or a stanza that declares no capability", () => {
    expect(codesOf([...added, ...del(WITH_RESULT), ...second])).toEqual([]);
    const failed = [tapLine("ADD", "pre", { at: 0 }), ...del({})];
    expect(findingsOf("del-differs", [...failed, ...later(900)])).toEqual([]);
    const undeclared = del({ ...WITH_RESULT, capabilities: {} });
    expect(codesOf([...add(ports), ...undeclared])).toEqual([]);
    expect(codesOf([...add(ports), ...del({ ...ports, ...WITH_RESULT })])).toEqual([]);
  });

  test("not by wrappers alone, where the next plugin may have failed", () => {
    const lines = [...wrapped("ADD", "calico", { at: 0 }), ...wrapped("DEL", "calico", { at: 30 })];
    expect(codesOf(lines)).toEqual([]);
  });
});

describe("del-without-add", () => {
  test("the attachment is older than the log", () => {
    const [found] = findingsOf("del-without-add", [...chain("DEL", { at: 0 }, WITH_RESULT)]);
    expect(found).toMatchObject({ severity: "note", lines: [1, 2], containerId: "c1" });
    expect(findingsOf("del-without-add", [tapLine("DEL", "post", { at: 0 }, WITH_RESULT)])).toHaveLength(1);
  });

  test("not where its ADD is there, or may have failed unseen", () => {
    expect(findingsOf("del-without-add", [...added, ...chain("DEL", { at: 90 })])).toEqual([]);
    expect(findingsOf("del-without-add", [tapLine("DEL", "post", { at: 0 })])).toEqual([]);
  });

  test("not where a classic result names no network", () => {
    const lines = ["a", "b"].flatMap(
      () => 'CNI_COMMAND=ADD,CNI_CONTAINERID=c1,output={"cniVersion":"1.0.0"}',
    );
    const del = (name: string) =>
      `CNI_COMMAND=DEL,CNI_CONTAINERID=c1,input={"name":"${name}","prevResult":${JSON.stringify(RESULT)}}`;
    expect(findingsOf("del-without-add", [...lines, del("a"), del("b")])).toEqual([]);
  });
});
