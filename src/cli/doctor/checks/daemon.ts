import { join } from "node:path";
import { type Stanza, stanzasOf } from "../../../conflist/delegates.ts";
import { takeConnection } from "../../../machine/take-connection.ts";
import { type Check, type CheckSubject, error, type Finding } from "../check.ts";

interface Daemon {
  readonly name: string;
  /** A path of the host, or a port of 127.0.0.1. */
  readonly at: string | number;
}

/** Plugins that do their work in a daemon, and where it listens unless their stanza says otherwise. */
const DAEMONS: Readonly<Record<string, (keys: Stanza["keys"]) => Daemon>> = {
  "cilium-cni": () => ({ name: "cilium-agent", at: "/var/run/cilium/cilium.sock" }),
  "aws-cni": () => ({ name: "ipamd (aws-node)", at: 50051 }),
  "multus-shim": ({ daemonSocketDir: folder }) => ({
    name: "multus-daemon",
    at: join(typeof folder === "string" && folder !== "" ? folder : "/run/multus", "multus.sock"),
  }),
  antrea: () => ({ name: "antrea-agent", at: "/var/run/antrea/cni.sock" }),
};

/** Plugins that are known to need no daemon of their own at each call. Of others nothing is known. */
const ALONE = new Set([
  ...[
    "bandwidth",
    "bridge",
    "dummy",
    "firewall",
    "host-device",
    "host-local",
    "ipvlan",
    "loopback",
    "macvlan",
  ],
  ...[
    "portmap",
    "ptp",
    "sbr",
    "static",
    "tap",
    "tuning",
    "vlan",
    "vrf",
    "route-override",
    "flannel",
    "multus",
  ],
  ...["calico", "calico-ipam", "whereabouts", "istio-cni", "linkerd-cni"],
]);

const MOST_SOCKET_PATH = 107;

export const daemon: Check = {
  id: "daemon",
  title: "the daemons that plugins talk to take connections",
  allowsInstall: true, // it changes nothing about them
  unknown(subject) {
    const stanzas = subject.used.flatMap(stanzasOf);
    const strangers = [...new Set(stanzas.map(({ type }) => type))].filter(
      (type) => !ALONE.has(type) && !Object.hasOwn(DAEMONS, type),
    );
    if (strangers.length > 0)
      return `whether ${strangers.join(", ")} can work: this doctor does not know ${strangers.length === 1 ? "it" : "them"}`;
    const [hidden] = daemonsOf(subject).filter((one) => !canAsk(subject, one));
    return hidden === undefined
      ? null
      : `whether ${hidden.name} takes connections: it cannot be reached from here`;
  },
  async run(subject) {
    const findings: Finding[] = [];
    for (const one of daemonsOf(subject).filter((each) => canAsk(subject, each))) {
      const { name, at } = one;
      const listener = typeof at === "string" ? { path: subject.survey.root.at(at) } : { port: at };
      const code = await takeConnection(listener);
      if (code === null) continue;
      const where = typeof at === "string" ? at : `127.0.0.1:${at}`;
      findings.push(
        error(
          `${name} takes no connection on ${where} (${code})`,
          `See why ${name} does not run on this node; until then no pod of its network starts or ends.`,
        ),
      );
    }
    return findings;
  },
};

function daemonsOf({ used }: CheckSubject): Daemon[] {
  return used.flatMap(stanzasOf).flatMap(({ type, keys }) => {
    const make = Object.hasOwn(DAEMONS, type) ? DAEMONS[type] : undefined;
    return make === undefined ? [] : [make(keys)];
  });
}

/** A port is another one in another network namespace, and a path may be longer than a socket's can be. */
function canAsk({ survey }: CheckSubject, { at }: Daemon): boolean {
  if (typeof at === "number") return survey.root.folder === "/";
  return Buffer.byteLength(survey.root.at(at)) <= MOST_SOCKET_PATH;
}
