import { describe, expect, test } from "vitest";
import { type About, podLine, tapLine } from "../support.ts";
import { auditLines, wrapped } from "./support.ts";

/** How a healthy node's log is written. */
interface Mode {
  readonly taps: readonly ("pre" | "post")[];
  readonly wrap: boolean;
  readonly delegates: boolean;
  readonly classic: boolean;
  readonly observer: boolean;
}

const MODES = (["both", "post", "wrap", "delegates"] as const).flatMap((name) =>
  [false, true].flatMap((classic) =>
    [false, true].map((observer) => ({
      title: `${name}, ${classic ? "classic" : "json"}, ${observer ? "with" : "without"} observer`,
      mode: {
        taps: name === "both" ? (["pre", "post"] as const) : name === "post" ? (["post"] as const) : [],
        wrap: name === "wrap" || name === "delegates",
        delegates: name === "delegates",
        classic,
        observer,
      },
    })),
  ),
);

/** A pod's sandbox: when it starts and stops, on a node whose addresses are used again at once. */
interface Sandbox {
  readonly about: About;
  readonly stopAt: number;
  readonly removeAt: number;
  readonly address: string;
  readonly refused?: true;
}

/** A line and when it is written. */
type Entry = readonly [at: number, line: string];

const both = { capabilities: { portMappings: true }, runtimeConfig: { portMappings: [{ HostPort: 80 }] } };

function resultOf(about: About, address: string, calico: boolean) {
  const { netns = "", ifname = "eth0" } = about;
  const sixth = { address: `fd00::${address.split(".").at(-1)}/64`, gateway: "fd00::1" };
  return calico
    ? {
        cniVersion: "1.0.0",
        interfaces: [{ name: "cali1" }],
        ips: [{ address: `${address}/32` }, { address: sixth.address }],
      }
    : {
        cniVersion: "1.0.0",
        interfaces: [{ name: "cni0" }, { name: "veth1" }, { name: ifname, sandbox: netns }],
        ips: [
          { address: `${address}/24`, gateway: "10.1.2.1", interface: 2 },
          { ...sixth, interface: 2 },
        ],
        routes: [{ dst: "0.0.0.0/0" }],
      };
}

/** The lines of one call of the chain, from `at` on. */
function call(command: "ADD" | "DEL", about: About, result: object, isFirst: boolean, mode: Mode): Entry[] {
  const before = command === "DEL" && isFirst ? { prevResult: result } : {};
  const main = "bridge";
  const chain = command === "ADD" ? [main, "portmap"] : ["portmap", main];
  const order = command === "ADD" ? (["pre", "post"] as const) : (["post", "pre"] as const);
  const name = about.network ?? "net";
  const entries: Entry[] = [];
  order.forEach((tap, at) => {
    if (!mode.taps.includes(tap) || (mode.classic && command === "DEL" && tap === "pre")) return;
    const seen = { ...about, at: about.at + at * 40 };
    const payload = command === "ADD" && tap === "post" ? result : { ...both, ...before, name };
    entries.push([seen.at, tapLine(command, tap, seen, payload)]);
  });
  if (!mode.wrap) return entries;
  chain.forEach((plugin, at) => {
    const seen = { ...about, at: about.at + 2 + at * 15, pid: about.at * 10 + at * 2 };
    const output = command === "ADD" ? result : null;
    const input = plugin === main && command === "ADD" ? {} : { prevResult: result };
    const config = command === "DEL" ? before : input;
    const lines = wrapped(
      command,
      plugin,
      seen,
      { ms: 9, output, stderr: 'level=info msg="no errors"\n' },
      { ...both, ...config },
    );
    entries.push([seen.at, lines[0] ?? ""], [seen.at + 9, lines[1] ?? ""]);
    if (plugin !== main || !mode.delegates) return;
    const inner = { ...seen, at: seen.at + 2, pid: seen.pid + 1 };
    const own =
      command === "ADD"
        ? {
            cniVersion: "1.0.0",
            ips: (result as { ips: object[] }).ips.map((ip) => ({ ...ip, interface: undefined })),
          }
        : null;
    const delegate = wrapped(
      command,
      "host-local",
      inner,
      { ms: 3, output: own },
      { ...both, ...config, type: main },
    );
    entries.push([inner.at, delegate[0] ?? ""], [inner.at + 3, delegate[1] ?? ""]);
  });
  return entries;
}

function classicOf(line: string): string {
  const { command, containerId, nri, pod, plugin, ms, exit, stderr, input, output } = JSON.parse(line);
  if (nri) {
    const { labels: _, ...facts } = pod;
    return `NRI_EVENT=${nri},CNI_CONTAINERID=${containerId},pod=${JSON.stringify(facts)}`;
  }
  const head = `CNI_COMMAND=${command},CNI_CONTAINERID=${containerId}`;
  const name = plugin === undefined ? "" : `,plugin=${plugin}`;
  if (input !== undefined) return `${head}${name},input=${JSON.stringify(input)}`;
  const ended =
    plugin === undefined
      ? ""
      : `,exit=${exit},ms=${Number(ms).toFixed(3)},stderr=${JSON.stringify(stderr ?? "-")}`;
  return `${head}${name}${ended},output=${JSON.stringify(output)}`;
}

function sandboxLines({ about, stopAt, removeAt, address, refused }: Sandbox, mode: Mode): Entry[] {
  const networks = [
    { about, address, calico: false },
    {
      about: { ...about, at: about.at + 1, network: "second", ifname: "net1" },
      address: address.replace(".1.2.", ".9.9."),
      calico: true,
    },
  ];
  const entries: Entry[] = [];
  for (const { about: own, address: its, calico } of networks) {
    const result = resultOf(own, its, calico);
    entries.push(...call("ADD", own, result, true, mode));
    entries.push(...call("DEL", { ...own, at: stopAt + own.at - about.at }, result, true, mode));
    if (!refused)
      entries.push(
        ...call("DEL", { ...own, at: removeAt + own.at - about.at, netns: "" }, result, false, mode),
      );
  }
  const ips = [address, `fd00:0::${address.split(".").at(-1)}`];
  const tell = (event: string, at: number): Entry => [at, podLine(event, { ...about, at }, ips)];
  const events = refused
    ? [
        tell("RunPodSandbox", about.at + 60),
        tell("StopPodSandbox", about.at + 61),
        tell("RemovePodSandbox", about.at + 62),
      ]
    : [
        tell("RunPodSandbox", about.at + 60),
        tell("StopPodSandbox", stopAt - 10),
        tell("RemovePodSandbox", removeAt + 60),
      ];
  return mode.observer ? [...entries, ...events] : entries;
}

/** A whole log: pods one after another, each taking the address of one before as soon as its DEL has begun. */
function healthyLog(mode: Mode): string[] {
  const entries: Entry[] = [];
  for (let n = 0; n < 60; n++) {
    const name = n % 5 === 0 ? "db-0" : `fail-error-${n}`; // db-0 is a StatefulSet's
    const about = {
      at: n * 3000,
      id: `sandbox${n}`,
      pod: `default/${name}`,
      netns: `/var/run/netns/cni-${n}`,
    };
    const address = `10.1.2.${2 + (n % 4)}`;
    const stopAt = about.at + 11_990;
    entries.push(...sandboxLines({ about, stopAt, removeAt: stopAt + 60_000, address }, mode));
  }
  const refused = { at: 500, id: "refused", pod: "default/refused", netns: "/var/run/netns/cni-r" };
  entries.push(
    ...sandboxLines({ about: refused, stopAt: 570, removeAt: 0, address: "10.1.2.77", refused: true }, mode),
  );
  if (mode.observer) {
    const host = { at: 9_000, id: "host", pod: "kube-system/proxy", netns: "" };
    entries.push([9_000, podLine("RunPodSandbox", host, [])]);
    entries.push([0, podLine("Synchronize", { at: 0, id: "older", pod: "default/older" }, ["10.1.2.99"])]);
    entries.push([
      99_000,
      podLine("Synchronize", { at: 99_000, id: "older", pod: "default/older" }, ["10.1.2.99"]),
    ]);
  }
  const lines = entries.sort(([one], [other]) => one - other).map(([, line]) => line);
  return mode.classic ? lines.map(classicOf) : lines;
}

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
