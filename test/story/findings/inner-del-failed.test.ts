import { describe, expect, test } from "vitest";
import { tapLine } from "../support.ts";
import { chain, findingsOf, later, WITH_RESULT, wrapped } from "./support.ts";

const added = chain("ADD", { at: 0 });
const stopped = tapLine("DEL", "post", { at: 100 }, WITH_RESULT);

describe("found", () => {
  test("a DEL of post without one of pre, which is there still", () => {
    const [found] = findingsOf("inner-del-failed", [...added, stopped, ...later(61_000)]);
    expect(found).toMatchObject({ severity: "error", lines: [3], network: "net" });
    expect(found?.sentence).toBe(
      "The DEL of default/web-0 in network net stopped half-way: a plugin between cni_post and cni_pre failed in its DEL, or does not end",
    );
  });

  test("a warning once a later one was whole", () => {
    const [found] = findingsOf("inner-del-failed", [...added, stopped, ...chain("DEL", { at: 200 })]);
    expect(found).toMatchObject({ severity: "warning", lines: [3] });
  });

  test("again and again is one finding", () => {
    const again = [100, 200, 300].map((at) => tapLine("DEL", "post", { at }));
    const [found, ...more] = findingsOf("inner-del-failed", [...added, ...again, ...later(99_000)]);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ lines: [3, 4, 5] });
    expect(found?.sentence).toContain("half-way, 3 times");
  });

  test("which plugin, if it is wrapped, at once and in the classic format too", () => {
    const error = { code: 1, msg: "no such port" };
    const lines = [
      ...wrapped("ADD", "ovs", { at: 0 }),
      ...wrapped("DEL", "ovs", { at: 50 }, { exit: 1, output: error }),
    ];
    expect(findingsOf("inner-del-failed", lines)).toMatchObject([
      { plugin: "ovs", severity: "error", lines: [3, 4] },
    ]);
    const classic = [
      'CNI_COMMAND=DEL,CNI_CONTAINERID=c1,plugin=ovs,input={"name":"net","type":"ovs"}',
      'CNI_COMMAND=DEL,CNI_CONTAINERID=c1,plugin=ovs,exit=1,ms=3.210,output={"code":1,"msg":"no such port"}',
    ];
    expect(findingsOf("inner-del-failed", classic)).toMatchObject([{ plugin: "ovs", lines: [1, 2] }]);
  });
});

describe("not found", () => {
  test("before --stuck is over", () => {
    expect(findingsOf("inner-del-failed", [...added, stopped, ...later(30_000)])).toEqual([]);
  });

  test("where pre never logged again: the taps may have left the list", () => {
    const post = tapLine("ADD", "post", { at: 99_000, id: "d2", pod: "default/d2" });
    expect(findingsOf("inner-del-failed", [...added, stopped, post])).toEqual([]);
  });

  test("where only post is installed, and in the classic format", () => {
    const postOnly = [
      tapLine("ADD", "post", { at: 0 }),
      stopped,
      tapLine("ADD", "post", { at: 99_000, id: "d2" }),
    ];
    expect(findingsOf("inner-del-failed", postOnly)).toEqual([]);
    const classic = [
      'CNI_COMMAND=ADD,CNI_CONTAINERID=c1,input={"name":"net"}',
      'CNI_COMMAND=ADD,CNI_CONTAINERID=c1,output={"cniVersion":"1.0.0"}',
      'CNI_COMMAND=DEL,CNI_CONTAINERID=c1,input={"name":"net"}',
      'CNI_COMMAND=ADD,CNI_CONTAINERID=c2,input={"name":"net"}',
    ];
    expect(findingsOf("inner-del-failed", classic)).toEqual([]);
  });

  test("where a plugin cleans up by a delegate's DEL in its ADD", () => {
    const [begin = "", end = ""] = wrapped(
      "ADD",
      "bridge",
      { at: 0, pid: 1 },
      { exit: 1, ms: 9, output: { code: 1, msg: "x" } },
    );
    const cleanUp = wrapped("DEL", "host-local", { at: 3, pid: 2 }, {}, { type: "bridge" });
    const lines = [begin, ...cleanUp, end, ...wrapped("DEL", "bridge", { at: 20, pid: 3 })];
    expect(findingsOf("inner-del-failed", lines)).toEqual([]);
  });

  test("where the list's first plugin is not wrapped any more", () => {
    const two = (command: string, at: number, ...plugins: readonly string[]) =>
      plugins.flatMap((plugin, n) =>
        wrapped(command, plugin, { at: at + n * 10, pid: at + n, id: at < 900 ? "c1" : "d2" }),
      );
    const lines = [...two("ADD", 0, "calico", "portmap"), ...two("DEL", 100, "portmap")];
    expect(findingsOf("inner-del-failed", [...lines, ...two("ADD", 90_000, "portmap")])).toEqual([]);
    expect(
      findingsOf("inner-del-failed", [...lines, ...two("ADD", 90_000, "calico", "portmap")]),
    ).toMatchObject([{ containerId: "c1", lines: [5, 6] }]);
  });
});
