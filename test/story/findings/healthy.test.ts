import { describe, expect, test } from "vitest";
import { podLine, tapLine } from "../support.ts";
import { healthyLog, MODES, type Mode } from "./healthy-log.ts";
import { auditLines, wrapped } from "./support.ts";

/** As where a lock was not had in time: each line of three changes places with the one before it. */
function shuffled(lines: readonly string[]): string[] {
  return lines.map((_, at) => lines[at % 3 === 1 ? at + 1 : at % 3 === 2 ? at - 1 : at] ?? lines[at] ?? "");
}

describe("a healthy node's log has no findings", () => {
  test.each(MODES)("$title", ({ mode }) => {
    const lines = healthyLog(mode);
    expect(auditLines(lines).findings).toEqual([]);
    if (!mode.classic) expect(auditLines(shuffled(lines)).findings).toEqual([]);
    // Nor at any moment on the way, while calls are under way.
    for (let count = 1; count < lines.length; count += 37)
      expect(auditLines(lines.slice(0, count)).findings).toEqual([]);
  });

  test("but for the note that a log that begins later is younger than its pods", () => {
    const mode = MODES[0]?.mode as Mode;
    const lines = healthyLog(mode);
    const { findings } = auditLines(lines.slice(100));
    expect([...new Set(findings.map(({ code }) => code))]).toEqual(["del-without-add"]);
  });
});

/** A call inside another one: its lines stand between the outer one's. */
function inside(outer: readonly string[], ...inner: readonly string[]): string[] {
  return [outer[0] ?? "", ...inner, outer[1] ?? ""];
}

test("Multus, whose delegates have networks and delegates of their own, in parallel pods", () => {
  const result = (address: string, netns: string, ifname: string) => ({
    cniVersion: "1.0.0",
    interfaces: [{ name: ifname, sandbox: netns }],
    ips: [{ address: `${address}/24`, interface: 0 }],
  });
  const call = (command: "ADD" | "DEL", n: number, at: number, isFirst: boolean): string[] => {
    const netns = `/n${n}`;
    const about = { at, id: `m${n}`, pod: `default/m-${n}`, netns: isFirst ? netns : "", pid: at };
    const given = (address: string, ifname: string) =>
      command === "ADD" ? result(address, netns, ifname) : null;
    const first = given(`10.1.2.${n}`, "eth0");
    const cached = { prevResult: result(`10.1.2.${n}`, netns, "eth0") };
    const before = command === "DEL" && isFirst ? cached : {};
    const step = (
      plugin: string,
      name: string,
      ifname: string,
      output: unknown,
      from: number,
      ms: number,
      input: object,
    ) =>
      wrapped(
        command,
        plugin,
        { ...about, network: name, ifname, at: at + from, pid: at + from },
        { ms, output },
        input,
      );
    const ipam = step("host-local", "cbr0", "eth0", first, 6, 2, { type: "bridge" });
    const bridge = inside(step("bridge", "cbr0", "eth0", first, 4, 10, {}), ...ipam);
    const flannel = inside(step("flannel", "cbr0", "eth0", first, 2, 15, before), ...bridge);
    const macvlan = step("macvlan", "lan", "net1", given(`10.9.9.${n}`, "net1"), 20, 9, before);
    const own = { delegates: [{ type: "flannel" }], ...before };
    return inside(step("multus", "multus", "eth0", first, 0, 40, own), ...flannel, ...macvlan);
  };
  const lines = [1, 2, 3].flatMap((n) => {
    const at = n * 1000;
    const about = { id: `m${n}`, pod: `default/m-${n}`, netns: `/n${n}` };
    return [
      ...call("ADD", n, at, true),
      podLine("RunPodSandbox", { ...about, at: at + 60 }, [`10.1.2.${n}`]),
      podLine("StopPodSandbox", { ...about, at: at + 90 }, [`10.1.2.${n}`]),
      ...call("DEL", n, at + 100, true),
      ...call("DEL", n, at + 200, false),
      podLine("RemovePodSandbox", { ...about, at: at + 300 }, []),
    ];
  });
  expect(auditLines(lines).findings).toEqual([]);
  for (let count = 1; count < lines.length; count += 5)
    expect(auditLines(lines.slice(0, count)).findings).toEqual([]);
});

test("loopback's own list, whose addresses recur", () => {
  const lines = [1, 2, 3].flatMap((n) => {
    const about = { at: n * 100, id: `l${n}`, pod: `default/l-${n}`, network: "cni-loopback", ifname: "lo" };
    const result = {
      interfaces: [{ name: "lo", sandbox: "/n" }],
      ips: [
        { address: "127.0.0.1/8", interface: 0 },
        { address: "::1/128", interface: 0 },
      ],
    };
    return [tapLine("ADD", "pre", about), tapLine("ADD", "post", { ...about, at: about.at + 5 }, result)];
  });
  expect(auditLines(lines).findings).toEqual([]);
});

test("the healthy logs have all of their lines read", () => {
  for (const { mode } of MODES) {
    const { sources } = auditLines(healthyLog(mode));
    expect(sources).toEqual({
      ...{ classic: mode.classic, json: !mode.classic, observer: mode.observer, wrap: mode.wrap },
      pre: (mode.taps as readonly string[]).includes("pre"),
      post: (mode.taps as readonly string[]).includes("post"),
    });
  }
});
