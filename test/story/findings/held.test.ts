import { describe, expect, test } from "vitest";
import { podLine, tapLine } from "../support.ts";
import { chain, findingsOf, later, resultWith, WITH_RESULT, wrapped } from "./support.ts";

const error = { code: 1, msg: "no iptables" };
const added = chain("ADD", { at: 0 });

describe("stranded", () => {
  const failing = [
    ...wrapped("ADD", "calico", { at: 0, pid: 1 }),
    ...wrapped("ADD", "portmap", { at: 9, pid: 2 }, { exit: 1, output: error }, WITH_RESULT),
  ];

  test("a later plugin failed, and the DEL stops before the one that gave the address", () => {
    const lines = [...failing, ...wrapped("DEL", "portmap", { at: 20, pid: 3 }, { exit: 1, output: error })];
    const [found] = findingsOf("stranded", lines);
    expect(found).toMatchObject({ severity: "error", plugin: "calico", lines: [1, 2, 3, 4, 5, 6] });
    expect(found?.sentence).toBe(
      "10.1.2.3 of calico is still held for default/web-0 in network net: its ADD failed at a later plugin, and no DEL has freed it",
    );
  });

  test("a DEL stopped, where the address is known from cni_post", () => {
    const lines = [...added, tapLine("DEL", "post", { at: 50 }, WITH_RESULT), ...later(70_000)];
    expect(findingsOf("stranded", lines)).toMatchObject([{ plugin: null, lines: [1, 2, 3] }]);
  });

  test("no DEL at all for longer than --stuck", () => {
    expect(findingsOf("stranded", [...failing, ...later(30_000)])).toEqual([]);
    expect(findingsOf("stranded", [...failing, ...later(90_000)])).toHaveLength(1);
  });

  test("not after a whole DEL, or one of the plugin that gave it, or a GC", () => {
    const stops = wrapped("DEL", "portmap", { at: 20, pid: 3 }, { exit: 1, output: error });
    const frees = wrapped("DEL", "calico", { at: 30, pid: 4 });
    expect(
      findingsOf("stranded", [...failing, ...wrapped("DEL", "portmap", { at: 20, pid: 3 }), ...frees]),
    ).toEqual([]);
    expect(findingsOf("stranded", [...failing, ...stops, ...frees])).toEqual([]);
    expect(findingsOf("stranded", [...failing, ...stops, tapLine("GC", "pre", { at: 99, id: "" })])).toEqual(
      [],
    );
    const twice = [...added, tapLine("DEL", "post", { at: 50 }, WITH_RESULT), ...chain("DEL", { at: 90 })];
    expect(findingsOf("stranded", [...twice, ...later(70_000)])).toEqual([]);
  });

  test("not where no address is known to have been given", () => {
    const first = wrapped("ADD", "tuning", { at: 0, pid: 1 }, { output: { cniVersion: "1.0.0" } });
    const second = wrapped("ADD", "bridge", { at: 9, pid: 2 }, { exit: 1, output: error });
    const stops = wrapped("DEL", "bridge", { at: 20, pid: 3 }, { exit: 1, output: error });
    expect(findingsOf("stranded", [...first, ...second, ...stops])).toEqual([]);
    const taps = [tapLine("ADD", "pre", { at: 0 }), tapLine("DEL", "post", { at: 30 }), ...later(70_000)];
    expect(findingsOf("stranded", taps)).toEqual([]);
  });
});

describe("leak", () => {
  const gone = [podLine("RunPodSandbox", { at: 30 }), podLine("RemovePodSandbox", { at: 100 })];

  test("removed without a DEL", () => {
    const [found] = findingsOf("leak", [...added, ...gone, ...later(90_000)]);
    expect(found).toMatchObject({ severity: "error", lines: [1, 2, 4], name: "web-0" });
    expect(found?.sentence).toBe(
      "default/web-0 was removed, and no DEL was ever called for it in network net: 10.1.2.3 may be held for good",
    );
  });

  test("vanished without a DEL", () => {
    const lines = [...added, podLine("Vanished", { at: 100 }), ...later(90_000)];
    expect(findingsOf("leak", lines)[0]?.sentence).toContain("vanished, and no DEL");
  });

  test("not where a DEL came, though after Remove, or may still come", () => {
    expect(findingsOf("leak", [...added, ...gone, ...chain("DEL", { at: 120 }), ...later(90_000)])).toEqual(
      [],
    );
    expect(findingsOf("leak", [...added, ...gone, ...later(30_000)])).toEqual([]);
    expect(findingsOf("leak", [...added, ...later(90_000)])).toEqual([]);
  });

  test("not where the taps were out of the list then", () => {
    const untapped = podLine("RunPodSandbox", { at: 80, id: "u", pod: "default/u" });
    expect(findingsOf("leak", [...added, gone[0] ?? "", untapped, gone[1] ?? "", ...later(90_000)])).toEqual(
      [],
    );
    const before = podLine("RunPodSandbox", { at: -500, id: "u", pod: "default/u" });
    expect(findingsOf("leak", [before, ...added, ...gone, ...later(90_000)])).toHaveLength(1);
  });
});

describe("duplicate-ip", () => {
  const other = { id: "d2", pod: "default/web-1" };

  test("two pods have one address, or had it for a time", () => {
    const [found] = findingsOf("duplicate-ip", [...added, ...chain("ADD", { at: 100, ...other })]);
    expect(found).toMatchObject({ severity: "error", containerId: "d2", name: "web-1", lines: [2, 4] });
    expect(found?.sentence).toBe("default/web-1 got 10.1.2.3 in network net, but default/web-0 has it");
    const ended = [...added, ...chain("ADD", { at: 100, ...other }), ...chain("DEL", { at: 900 })];
    expect(findingsOf("duplicate-ip", ended)[0]?.sentence).toContain("default/web-0 had it then");
  });

  test("spellings of an IPv6 address are one", () => {
    const one = chain("ADD", { at: 0 }, resultWith("fd00::1/64"));
    const same = chain("ADD", { at: 100, ...other }, resultWith("FD00:0:0::0001/128"));
    expect(findingsOf("duplicate-ip", [...one, ...same])).toHaveLength(1);
  });

  test("in the classic format, in the order of lines", () => {
    const line = (id: string) =>
      `CNI_COMMAND=ADD,CNI_CONTAINERID=${id},output={"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}`;
    const del = 'CNI_COMMAND=DEL,CNI_CONTAINERID=a,input={"name":"net"}';
    expect(findingsOf("duplicate-ip", [line("a"), line("b")])).toMatchObject([
      { containerId: "b", lines: [1, 2] },
    ]);
    expect(findingsOf("duplicate-ip", [line("a"), del, line("b")])).toEqual([]);
  });

  test("not where it is given again before pre's DEL line", () => {
    const [post = "", pre = ""] = chain("DEL", { at: 100 });
    const next = chain("ADD", { at: 105, ...other });
    expect(findingsOf("duplicate-ip", [...added, post, ...next, pre])).toEqual([]);
  });

  test("not in other networks, not loopback or link-local, not of a sandbox that was dead", () => {
    expect(
      findingsOf("duplicate-ip", [...added, ...chain("ADD", { at: 100, ...other, network: "b" })]),
    ).toEqual([]);
    for (const address of ["127.0.0.1/8", "::1/128", "fe80::1/64", "169.254.1.1/32"]) {
      const both = [{ id: "c1" }, other].flatMap((who, at) =>
        chain("ADD", { at: at * 100, ...who }, resultWith(address)),
      );
      expect(findingsOf("duplicate-ip", both)).toEqual([]);
    }
    const dead = chain("DEL", { at: 900, netns: "" }, WITH_RESULT);
    expect(findingsOf("duplicate-ip", [...added, ...chain("ADD", { at: 100, ...other }), ...dead])).toEqual(
      [],
    );
    const removed = podLine("RemovePodSandbox", { at: 50 });
    expect(findingsOf("duplicate-ip", [...added, removed, ...chain("ADD", { at: 100, ...other })])).toEqual(
      [],
    );
  });
});

describe("ip-mismatch", () => {
  const dual = {
    ips: [
      { address: "10.1.2.3/24", interface: 0 },
      { address: "fd00::3/64", interface: 0 },
    ],
  };
  const run = (...ips: readonly string[]) => podLine("RunPodSandbox", { at: 50 }, ips);

  test("the runtime drops an address", () => {
    const [found] = findingsOf("ip-mismatch", [...chain("ADD", { at: 0 }, dual), run("10.1.2.3")]);
    expect(found).toMatchObject({ severity: "error", lines: [2, 3] });
    expect(found?.sentence).toBe(
      "CNI gave default/web-0 10.1.2.3 and fd00::3 in network net, but the runtime tells 10.1.2.3",
    );
  });

  test("not for another order or spelling, or where the runtime tells none", () => {
    for (const told of [["FD00::0003", "10.1.2.3"], []])
      expect(findingsOf("ip-mismatch", [...chain("ADD", { at: 0 }, dual), run(...told)])).toEqual([]);
  });

  test("only eth0's network counts, and only its interface", () => {
    const second = chain("ADD", { at: 30, network: "b", ifname: "eth1" }, resultWith("10.9.9.9/24"));
    expect(findingsOf("ip-mismatch", [...added, ...second, run("10.1.2.3")])).toEqual([]);
    expect(findingsOf("ip-mismatch", [...second, run("10.1.2.3"), ...later(900)])).toEqual([]);
    const classic = [
      `CNI_COMMAND=ADD,CNI_CONTAINERID=c1,output=${JSON.stringify(resultWith("10.9.9.9/24"))}`,
      'NRI_EVENT=RunPodSandbox,CNI_CONTAINERID=c1,pod={"namespace":"default","name":"web-0","uid":"u1","netns":"/n","ips":["10.1.2.3"]}',
      ...["a", "b"].map((name) => `CNI_COMMAND=DEL,CNI_CONTAINERID=c1,input={"name":"${name}"}`),
    ];
    expect(findingsOf("ip-mismatch", classic)).toEqual([]);
    expect(findingsOf("ip-mismatch", classic.slice(0, 3))).toHaveLength(1);
    const two = {
      interfaces: [
        { name: "eth0", sandbox: "/n" },
        { name: "net1", sandbox: "/n" },
      ],
      ips: [
        { address: "10.1.2.3/24", interface: 0 },
        { address: "10.9.9.9/24", interface: 1 },
      ],
    };
    expect(findingsOf("ip-mismatch", [...chain("ADD", { at: 0 }, two), run("10.1.2.3")])).toEqual([]);
  });

  test("not for Synchronize", () => {
    const sync = podLine("Synchronize", { at: 50 }, ["10.7.7.7"]);
    expect(findingsOf("ip-mismatch", [...added, sync])).toEqual([]);
  });
});
