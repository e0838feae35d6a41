import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../../scripts/cache-dir.ts";
import type { NodeFacts } from "../../../src/node-state/facts.ts";
import type { NodeCode } from "../../../src/node-state/findings/codes.ts";
import type { Code } from "../../../src/story/findings/codes.ts";
import {
  BOOT_MS,
  cached,
  directory,
  idOf,
  logOf,
  netnsOf,
  node,
  reserved,
  sentences,
} from "../../node-state/support.ts";
import { beginLine, endLine } from "../support.ts";
import { chain, findingsOf, later, resultWith, WITH_RESULT, wrapped } from "./support.ts";

type Lines = readonly string[];

const fails = (msg: string, code = 100) => ({ exit: 1, output: { code, msg } });
/** A chain of wrapped plugins of which the last one fails with these words. */
const lastFails = (first: string, last: string, msg: string): Lines => [
  ...wrapped("ADD", first, { at: 0, pid: 1 }),
  ...wrapped("ADD", last, { at: 9, pid: 2 }, fails(msg), WITH_RESULT),
  ...wrapped("DEL", last, { at: 30, pid: 3 }, fails(msg)),
];
const noInterfaces = { cniVersion: "0.3.0", ips: [{ address: "10.32.0.4/12" }] };
const WITH_PORTS = {
  capabilities: { portMappings: true },
  runtimeConfig: { portMappings: [{ HostPort: 80 }] },
};
const noPorts = { ...WITH_PORTS, ...WITH_RESULT, runtimeConfig: {} };

/** A list that ran without its second plugin for one of three pods. */
const lost = (first: string, second: string): Lines => {
  const pods = [[first, second], [first], [first, second]].flatMap((plugins, pod) =>
    plugins.flatMap((plugin, at) => {
      const about = { at: pod * 100 + at * 9, pid: at, id: `c${pod}`, pod: `default/web-${pod}` };
      return wrapped("ADD", plugin, about, { output: resultWith(`10.1.2.${pod + 3}/24`) });
    }),
  );
  return [...pods, ...later(90_000)];
};

/** Calls of a chain of bridge and another plugin, with the times that they take. */
const calls = (command: string, bridge: number, portmap: number): Lines =>
  Array.from({ length: 6 }, (_, at) => {
    const about = { at: at * 9000, pid: 1, id: `c${at}`, pod: `default/web-${at}` };
    const two = [
      ["bridge", bridge],
      ["portmap", portmap],
    ] as const;
    const [one, other] = command === "DEL" ? two.toReversed() : two;
    if (!one || !other) return [];
    return [
      ...wrapped(command, one[0], about, { ms: one[1] }),
      ...wrapped(command, other[0], { ...about, at: about.at + one[1] + 1, pid: 2 }, { ms: other[1] }),
    ];
  }).flat();

/** Multus calls flannel in one pod's ADD and not in its DEL, and in that of another pod again. */
const forgetful = (): Lines => {
  const multus = { at: 0, pid: 1, network: "multus" };
  const input = { type: "multus", name: "multus", delegates: [] };
  const other = { id: "d2", pod: "default/web-1" };
  const add = (about: object, at: number) => [
    beginLine("ADD", "multus", { ...multus, ...about, at }, input),
    ...wrapped("ADD", "flannel", { ...about, at: at + 2, pid: 2, network: "cbr0" }),
    endLine("ADD", "multus", { ...multus, ...about, at: at + 20 }, { ms: 20 }),
  ];
  const del = wrapped("DEL", "multus", { ...multus, at: 100, pid: 3 }, {}, input);
  return [...add({}, 0), ...del, ...add(other, 900)];
};

/** What each thread's log would have looked like, the finding that names its cause, and what that says. */
const TROUBLES: readonly (readonly [thread: string, code: Code, lines: Lines, says: string])[] = [
  [
    "kubernetes#92903",
    "plugin-died",
    wrapped("ADD", "calico", { at: 0 }, { signal: 11, output: null }),
    "calico crashed in the ADD",
  ],
  ["cilium#7718", "empty-result", wrapped("ADD", "cilium-cni", { at: 0 }, { output: null }), "cilium-cni"],
  [
    "containerd#6575",
    "result-no-version",
    [
      ...wrapped("ADD", "weave-net", { at: 0 }, { output: { ips: noInterfaces.ips } }),
      ...wrapped("ADD", "portmap", { at: 9, pid: 2 }, { output: { cniVersion: "1.0.0" } }),
    ],
    "weave-net",
  ],
  [
    "containerd/cri#1544",
    "result-no-interface",
    chain(
      "ADD",
      { at: 0 },
      { interfaces: [{ name: "eni1" }], ips: [{ address: "10.1.2.3/32", interface: 0 }] },
    ),
    "10.1.2.3/32 (eni1, which is not in the pod)",
  ],
  [
    "weave#3787",
    "add-failed",
    [
      ...wrapped("ADD", "weave-net", { at: 0, pid: 1 }, { output: noInterfaces }),
      ...wrapped("ADD", "bandwidth", { at: 9, pid: 2 }, fails("no interfaces provided")),
    ],
    "bandwidth said code 100: no interfaces provided",
  ],
  [
    "azure-container-networking#2817",
    "add-failed",
    wrapped("ADD", "azure-vnet", { at: 0 }, fails("timed out locking store")),
    "azure-vnet said code 100: timed out locking store",
  ],
  [
    "weave#3587",
    "quiet-failure",
    wrapped("DEL", "weave-net", { at: 0 }, { stderr: "dial tcp 127.0.0.1:6784: connection refused" }),
    "connection refused",
  ],
  ["multus-cni#891", "delegate-left", forgetful(), "never called flannel"],
  [
    "amazon-vpc-cni-k8s#1939",
    "del-differs",
    [...chain("ADD", { at: 0 }), ...chain("DEL", { at: 900, netns: "" }, WITH_RESULT)],
    "lacks CNI_NETNS",
  ],
  [
    "rke#2999",
    "del-differs",
    [
      ...chain("ADD", { at: 0 }).map((line) => line.replace('"input":{', `"input":{${body(WITH_PORTS)},`)),
      ...chain("DEL", { at: 900 }, noPorts),
    ],
    "lacks runtimeConfig.portMappings",
  ],
  [
    "ovs-cni#276",
    "inner-del-failed",
    [1, 2, 3].flatMap((at) => wrapped("DEL", "ovs", { at: at * 1000, pid: at }, fails("no such port"))),
    "no such port",
  ],
  [
    "containerd#12130",
    "stranded",
    lastFails("bridge", "portmap", 'failed to find plugin "portmap" in path [/opt/cni/bin]'),
    "10.1.2.3 of bridge is still held",
  ],
  [
    "calico#4710",
    "late-del",
    [
      ...chain("ADD", { at: 0 }),
      ...chain("ADD", { at: 1000, id: "c2" }, resultWith("10.1.2.9/24")),
      ...chain("DEL", { at: 40_000 }, WITH_RESULT),
    ],
    "older sandbox c1 came 39.0 s after the ADD of its newer one c2",
  ],
  ["plugins#510", "slow", calls("DEL", 20, 1500), "portmap takes most of it"],
  [
    "calico#1406",
    "duplicate-ip",
    [...chain("ADD", { at: 0 }), ...chain("ADD", { at: 900, id: "d2", pod: "default/web-1" })],
    "default/web-1 got 10.1.2.3 in network net, but default/web-0 has it",
  ],
  [
    "whereabouts#409", // one node's log, and then the other's
    "duplicate-ip",
    [
      ...chain("ADD", { at: 500 }),
      ...later(9000),
      ...chain("ADD", { at: 100, id: "d2", pod: "default/web-1" }),
      ...chain("ADD", { at: 9000, id: "d3", pod: "default/web-3" }, resultWith("10.1.2.77/24")),
    ],
    "10.1.2.3",
  ],
  ["istio#11037", "chain-changed", lost("calico", "istio-cni"), "1 pod without istio-cni: default/web-1"],
  [
    "linkerd2#11228",
    "chain-changed",
    lost("calico", "linkerd-cni"),
    "1 pod without linkerd-cni: default/web-1",
  ],
  ["plugins#680", "slow", calls("ADD", 1900, 20), "bridge takes most of it"],
];

const held = (n: number, file: object) => ({
  ...node(1),
  reservations: [directory(reserved(1), reserved(n, file))],
});
const ports = {
  plugins: [{ type: "portmap", backend: null }],
  portMappings: [{ hostPort: 80, protocol: "tcp", hostIp: "" }],
};

/** What each thread's node would have shown, the log's lines if it needs them, and what the finding says. */
const NODE_TROUBLES: readonly (readonly [
  thread: string,
  code: NodeCode,
  facts: NodeFacts,
  lines: Lines,
  says: string,
])[] = [
  [
    "containerd#5438",
    "leak",
    { ...node(1), cache: [cached(1), cached(3)] },
    chain("ADD", { at: 0, id: idOf(3), netns: netnsOf(3) }),
    "No DEL was ever called for default/web-3 of network net, whose network namespace is gone: 10.1.2.3",
  ],
  [
    "kubernetes#108121",
    "ipam-stale",
    held(9, { mtimeMs: BOOT_MS - 1 }),
    [],
    "taken by a pod that is gone, since before the last boot: 10.1.2.9",
  ],
  [
    "plugins#498",
    "ipam-empty",
    held(9, { containerId: null }),
    [],
    "empty files of host-local, which no DEL ever frees: 10.1.2.9",
  ],
  [
    "calico#3589",
    "result-host-ip",
    { ...node(1), hostAddresses: ["10.1.2.1"] },
    [],
    "default/web-1 of network net has 10.1.2.1, which is one of the host's own",
  ],
  [
    "cni#778",
    "hostport-missing",
    { ...node(1), cache: [cached(1, ports)] },
    [],
    "host ports of default/web-1 of network net are gone",
  ],
];

test.each(NODE_TROUBLES)("%s: %s", (_, code, facts, lines, says) => {
  expect(sentences(code, facts, logOf(...lines))).toEqual([expect.stringContaining(says)]);
});

function body(keys: object): string {
  return JSON.stringify(keys).slice(1, -1);
}

test.each(TROUBLES)("%s: %s", (_, code, lines, says) => {
  const [found] = findingsOf(code, lines);
  expect(found?.sentence).toContain(says);
});

test("docs/read.md says of these troubles, and of no others, that audit names them", () => {
  const [, section = ""] = readFileSync(join(ROOT, "docs/read.md"), "utf8").split(
    "\n## Troubles that people had\n",
  );
  const rows = [...section.matchAll(/^\| (\S*#\d+) \| [^|]+ \| ([^|]+) \| ([^|]*)\|$/gm)];
  expect(rows).toHaveLength(40);
  const onNode = rows.flatMap(([, thread, finding = ""]) => {
    const code = /^`cnitap audit --node`: `([a-z-]+)`$/.exec(finding)?.[1];
    return code === undefined ? [] : [`${thread} ${code}`];
  });
  expect(onNode).toEqual(NODE_TROUBLES.map(([thread, code]) => `${thread} ${code}`));
  const named = rows.flatMap(([, thread, finding = ""]) => {
    const code = /^`([a-z-]+)`$/.exec(finding)?.[1];
    return code === undefined ? [] : [`${thread} ${code}`];
  });
  expect(named).toEqual(TROUBLES.map(([thread, code]) => `${thread} ${code}`));

  const explained = rows.filter(([, , finding]) => finding !== "none");
  const unwrapped = explained.filter(([, , , needs = ""]) => !needs.startsWith("wrappers"));
  expect(section).toContain(
    `explains ${unwrapped.length} with taps alone or without any, and ${explained.length} `,
  );
  const checks = join(ROOT, "src/cli/doctor/checks");
  for (const [, , finding = ""] of explained) {
    const check = /^`cnitap doctor`: `([a-z-]+)`$/.exec(finding)?.[1];
    if (check !== undefined)
      expect(readFileSync(join(checks, `${check}.ts`), "utf8")).toContain(`id: "${check}"`);
    else expect(finding).toMatch(/^(`cnitap audit --node`: )?`[a-z-]+`$/);
  }
});
