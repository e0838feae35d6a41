import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readNetwork } from "../../src/conflist/network.ts";
import { patch } from "../../src/conflist/patch.ts";
import { NO_TAPS } from "../../src/conflist/tap-entries.ts";
import { asByteString } from "../../src/log/byte-string.ts";
import { CALICO, CALICO_FILE, CALICO_PATCHED, type Host, useHost } from "./support/host.ts";
import { PRELOAD, runCnitap } from "./support/spawn.ts";

const KILLS_AT_ONCE = 4;
/** A test runs more than a hundred commands, which takes a while on a busy machine. */
const TIMEOUT_MS = 240_000;
const single = '{"cniVersion":"0.4.0","name":"k8s-pod-network","type":"ovn-k8s-cni-overlay"}\n';

interface Case {
  readonly title: string;
  readonly networks: Readonly<Record<string, string>>;
  /** Commands that run before, without a kill. */
  readonly before: readonly (readonly string[])[];
  /** The command that is killed and then run again. */
  readonly command: readonly string[];
  /** The contents that each file of the networks' directory may have at any time; null for no file. */
  readonly states: Readonly<Record<string, readonly (string | null)[]>>;
}

const OBSERVER = "/usr/local/bin/cnitap-observe";
const UNIT = "/etc/systemd/system/cnitap-observe.service";
const WANTS = "/etc/systemd/system/multi-user.target.wants/cnitap-observe.service";
const PLUGIN = "/opt/nri/plugins/10-network-logger";
const made = "10-cni-tap-k8s-pod-network.conflist";
const capabilities = { portMappings: true, bandwidth: true };
const dropIn = `${JSON.stringify({ type: "cni_post", logFormat: "json", capabilities }, null, 2)}\n`;
/** What a list with a word in it needs. */
const NEEDED = [
  ['"cni_pre"', "/opt/cni/bin/cni_pre"],
  ['"cni_post"', "/opt/cni/bin/cni_post"],
  ['"cni_wrap"', "/opt/cni/bin/cni_wrap"],
  ['"delegates"', "/opt/cni/bin/cni-tap/calico-ipam"],
  ['"delegates"', "/opt/cni/bin/cni-tap/cni-tap.json"],
] as const;
const calico = readNetwork("10-calico.conflist", asByteString(CALICO));
const keys = { logFormat: "json" };
const CALICO_POST = patch(calico, { ...NO_TAPS, post: { ...keys, capabilities } });
const wrap = { keys: { ...keys, delegates: true }, only: null };
const CALICO_WRAPPED_DELEGATES = patch(calico, { ...NO_TAPS, wrap });
const cases: readonly Case[] = [
  {
    title: "install, with an observer as a service",
    networks: { "10-calico.conflist": CALICO },
    before: [],
    command: ["install", "--observe"],
    states: { "10-calico.conflist": [CALICO, CALICO_PATCHED] },
  },
  {
    title: "uninstall --purge, also of an observer that the runtime starts",
    networks: { "10-calico.conflist": CALICO },
    before: [["install", "--observe=nri"]],
    command: ["uninstall", "--purge"],
    states: { "10-calico.conflist": [CALICO, CALICO_PATCHED] },
  },
  {
    title: "install over a single plugin",
    networks: { "10-ovn.conf": single },
    before: [],
    command: ["install"],
    states: { "10-ovn.conf": [single] },
  },
  {
    title: "uninstall of a list made from a single plugin",
    networks: { "10-ovn.conf": single },
    before: [["install"]],
    command: ["uninstall"],
    states: { "10-ovn.conf": [single] },
  },
  {
    title: "install of a drop-in in place of both taps, and of a plugin of the runtime in place of a service",
    networks: { "10-calico.conflist": CALICO },
    before: [["install", "--observe"]],
    command: ["install", "--mode", "drop-in", "--force", "--observe=nri"],
    states: {
      "10-calico.conflist": [CALICO, CALICO_PATCHED],
      "k8s-pod-network/99-cni_post.conf": [null, dropIn],
    },
  },
  {
    title: "uninstall of a drop-in and of a service",
    networks: { "10-calico.conflist": CALICO },
    before: [["install", "--mode", "drop-in", "--force", "--observe"]],
    command: ["uninstall"],
    states: { "10-calico.conflist": [CALICO], "k8s-pod-network/99-cni_post.conf": [null, dropIn] },
  },
  {
    title: "install of wrappers and links in place of both taps",
    networks: { "10-calico.conflist": CALICO },
    before: [["install"]],
    command: ["install", "--mode", "wrap", "--delegates"],
    states: { "10-calico.conflist": [CALICO_PATCHED, CALICO_WRAPPED_DELEGATES] },
  },
  {
    title: "install of a tap in place of wrappers and links",
    networks: { "10-calico.conflist": CALICO },
    before: [["install", "--mode", "wrap", "--delegates"]],
    command: ["install", "--mode", "post"],
    states: { "10-calico.conflist": [CALICO_WRAPPED_DELEGATES, CALICO_POST] },
  },
];

function readOr(host: Host, file: string): string | null {
  const path = join(host.confDir, file);
  return existsSync(path) ? readFileSync(path, "latin1") : null;
}

function isThere(host: Host, path: string): boolean {
  return lstatSync(host.path(path), { throwIfNoEntry: false }) !== undefined;
}

/** Every file of the tree with its content, every link with its target, and the directories of plugins. */
function tree(host: Host): Record<string, string> {
  const names = readdirSync(host.root, { recursive: true, withFileTypes: true });
  const found = names.flatMap((entry): [string, string][] => {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(host.root.length);
    if (entry.isDirectory()) return name.startsWith("/opt") ? [[name, "a directory"]] : [];
    return [[name, entry.isSymbolicLink() ? readlinkSync(path) : readFileSync(path, "latin1")]];
  });
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The modes of files that runtimes read or start. */
function modes(host: Host): Record<string, string> {
  const found: Record<string, string> = {};
  for (const directory of ["/etc/cni/net.d", "/etc/cni/net.d/k8s-pod-network", "/opt/cni/bin"]) {
    if (!existsSync(host.path(directory))) continue;
    for (const name of readdirSync(host.path(directory)).filter((one) => /^(cni_|[^.].*\.conf)/.test(one)))
      found[join(directory, name)] = (statSync(host.path(join(directory, name))).mode & 0o7777).toString(8);
  }
  return found;
}

async function prepare({ networks, before }: Case): Promise<Host> {
  const host = useHost(networks);
  for (const file of Object.keys(networks)) chmodSync(join(host.confDir, file), 0o640);
  for (const command of before) expect(await host.cnitap(...command)).toMatchObject({ code: 0 });
  return host;
}

describe.each(cases)("$title, killed at every call that changes a file", (one) => {
  test(
    "leaves the old file or the new one, and a second run finishes",
    async () => {
      const [command = "", ...args] = one.command;
      const line = (host: Host) => [command, "--host-root", host.root, ...args];
      const prepared = await prepare(one);
      const copy = () => {
        const host = useHost({});
        rmSync(host.root, { recursive: true });
        cpSync(prepared.root, host.root, { recursive: true, verbatimSymlinks: true });
        return host;
      };
      const whole = copy();
      const counted = join(whole.root, "calls");
      await runCnitap(line(whole), { NODE_OPTIONS: `--require=${PRELOAD}`, FS_CALLS: counted });
      const calls = Number(readFileSync(counted, "utf8"));
      expect(calls).toBeGreaterThan(5);
      rmSync(counted);
      const wanted = tree(whole);

      async function killAt(call: number): Promise<void> {
        const host = copy();
        const env = { NODE_OPTIONS: `--require=${PRELOAD}`, FS_KILL_AT: String(call) };
        const killed = await runCnitap(line(host), env);
        expect(killed.signal, `call ${call}: ${killed.err}`).toBe("SIGKILL");
        for (const [file, allowed] of Object.entries(one.states)) {
          expect(allowed, `${file} after call ${call}`).toContain(readOr(host, file));
        }
        for (const [file, mode] of Object.entries(modes(host))) {
          const own = Object.keys(one.networks).some((name) => file.endsWith(`/${name}`));
          const right = own ? "640" : file.includes("/bin/") ? "755" : "644";
          expect(mode, `${file} after call ${call}`).toBe(right);
        }
        // The executables and links are there before a list that calls them.
        const lists = readdirSync(host.confDir, { recursive: true, encoding: "utf8" })
          .filter((name) => /\.conf(?:list)?$/.test(name))
          .map((name) => readOr(host, name));
        for (const [word, path] of NEEDED) {
          const called = lists.some((text) => text?.includes(word));
          if (called) expect(existsSync(host.path(path)), `${path} after call ${call}`).toBe(true);
        }
        // A service or a runtime finds the observer that it is to start, and nothing else among the runtime's plugins.
        for (const [needs, needed] of [
          [WANTS, UNIT],
          [PLUGIN, OBSERVER],
        ] as const)
          if (isThere(host, needs)) expect(isThere(host, needed), `${needed} after call ${call}`).toBe(true);
        const plugins = existsSync(host.path("/opt/nri/plugins"))
          ? readdirSync(host.path("/opt/nri/plugins"))
          : [];
        expect(plugins.filter((name) => name !== "10-network-logger")).toEqual([]);
        if (existsSync(join(host.confDir, made)))
          expect(() => JSON.parse(readOr(host, made) ?? "")).not.toThrow();

        const lock = join(host.confDir, ".cni-tap.lock");
        if (existsSync(lock)) utimesSync(lock, 0, 0); // as stale as it would be after 5 s
        const again = await host.cnitap(...one.command);
        expect(again, `second run after call ${call}: ${again.err}`).toMatchObject({ code: 0 });
        expect(tree(host), `after call ${call}`).toEqual(wanted);
      }

      const waiting = Array.from({ length: calls }, (_, index) => index + 1);
      const work = async () => {
        for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) await killAt(call);
      };
      await Promise.all(Array.from({ length: KILLS_AT_ONCE }, work));
    },
    TIMEOUT_MS,
  );
});

test("a command takes over the lock of a killed one", async () => {
  const host = useHost();
  await runCnitap(["install", "--host-root", host.root], {
    NODE_OPTIONS: `--require=${PRELOAD}`,
    FS_KILL_AT: "6",
  });
  expect(existsSync(join(host.confDir, ".cni-tap.lock"))).toBe(true);
  const { code, err } = await runCnitap(["install", "--host-root", host.root]);
  expect(code).toBe(0);
  expect(err.match(/waiting for /g)).toHaveLength(1); // although it has tried for five seconds
  expect(host.read(CALICO_FILE)).toBe(CALICO_PATCHED);
});
