import { type About, podLine, tapLine } from "../support.ts";
import { wrapped } from "./support.ts";

/** How a healthy node's log is written. */
export interface Mode {
  readonly taps: readonly ("pre" | "post")[];
  readonly wrap: boolean;
  readonly delegates: boolean;
  readonly classic: boolean;
  readonly observer: boolean;
}

export const MODES = (["both", "post", "wrap", "delegates"] as const).flatMap((name) =>
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

const both = {
  cniVersion: "1.0.0",
  capabilities: { portMappings: true },
  runtimeConfig: { portMappings: [{ HostPort: 80 }] },
};

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
export function healthyLog(mode: Mode): string[] {
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
