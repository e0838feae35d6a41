import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { FakeRuntime } from "../../../../nri/support/fake-runtime.ts";
import { Observing } from "../../../observe/support/observing.ts";
import { type PodInit, tell } from "../../../observe/support/pods.ts";
import { CNITAP } from "../../../support/spawn.ts";

/** Network and mount namespaces of their own, with an empty /run. They end with this process at the latest. */
const NODE_SCRIPT =
  "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && echo ready && exec cat";

/** What ip(8) shows of an interface. */
export interface Shown {
  readonly ifindex: number;
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly address: string;
  readonly ifalias?: string;
  readonly master?: string;
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly family: string;
  }[];
}

/** A machine with nothing but a loopback interface. */
export class Scene {
  readonly #pid: number;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  /** It ends with the running test, and with it all interfaces, mounts and namespaces in it. */
  static async begin(): Promise<Scene> {
    const child = spawn(
      "unshare",
      ["--net", "--mount", "--propagation", "private", "sh", "-c", NODE_SCRIPT],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    onTestFinished(async () => {
      child.stdin.end();
      await once(child, "close");
    });
    await once(child.stdout, "data");
    return new Scene(child.pid ?? 0);
  }

  /** The command line that runs a program there. */
  inside(command: readonly string[]): [string, ...string[]] {
    return ["nsenter", "-t", String(this.#pid), "-n", "-m", "--", ...command];
  }

  run(...command: readonly string[]): string {
    const [program, ...args] = this.inside(command);
    return execFileSync(program, args, { encoding: "utf8" });
  }

  /** Runs lines of ip(8). */
  ip(...lines: readonly string[]): void {
    for (const line of lines) this.run("ip", ...line.split(" "));
  }

  /** The interfaces of the host, or of a network namespace of a name. Without the loopback. */
  links(netns?: string): Shown[] {
    const where = netns === undefined ? [] : ["-n", netns];
    const all: Shown[] = JSON.parse(this.run("ip", ...where, "-j", "-d", "address", "show"));
    return all.filter(({ ifname }) => ifname !== "lo");
  }

  names(netns?: string): string[] {
    return this.links(netns).map(({ ifname }) => ifname);
  }

  /** One of them, in the form that must be the same after it came back. */
  state(name: string, netns?: string): unknown {
    const link = this.links(netns).find(({ ifname }) => ifname === name);
    if (!link) return undefined;
    const { mtu, flags, address, ifalias = "", master = "", addr_info } = link;
    // The kernel makes link-local addresses some time after the interface is up.
    const lasting = addr_info.filter(({ local }) => !local.startsWith("fe80:"));
    const moving = { preferred_life_time: 0, valid_life_time: 0, tentative: false };
    const addresses = lasting.map((one) => ({ ...one, ...moving }));
    return { mtu, up: flags.includes("UP"), address, ifalias, master, addresses };
  }
}

/** The plugin as a process of its own, with a runtime that talks to it. */
export interface Running {
  readonly plugin: Observing;
  /** Sends an event of a pod. Rejects with the plugin's error. */
  tell(event: "run" | "stop" | "remove", pod: PodInit): Promise<void>;
}

/** Starts the plugin's process, without a runtime. */
export function startProcess(scene: Scene, args: readonly string[]): Observing {
  const own = [CNITAP, "plugin", "network-device-injector", "-idx", "10", ...args];
  const [program, ...rest] = scene.inside(own);
  // Like a plugin that a runtime launches, it has no PATH.
  return new Observing(spawn(program, rest, { stdio: ["ignore", "ignore", "pipe"], env: {} }));
}

/** Starts the plugin with a runtime whose pods are these. */
export async function startPlugin(
  scene: Scene,
  { args = [], pods = [] }: { readonly args?: readonly string[]; readonly pods?: readonly PodInit[] } = {},
): Promise<Running> {
  const runtime = await FakeRuntime.listen();
  const plugin = startProcess(scene, ["-socket", runtime.socket, ...args]);
  const connection = await runtime.next();
  await connection.start({ pods: [...pods] });
  return { plugin, tell: (event, pod) => tell(connection, event, pod) };
}

/** Makes the network namespace of a pod. */
export function makePod(scene: Scene, id: string, devices?: string) {
  scene.run("ip", "netns", "add", id);
  return podIn(id, devices);
}

/** A pod with the network namespace of this name, as a runtime tells of it. */
export function podIn(id: string, devices?: string, key = KEY) {
  const annotations: Record<string, string> = devices === undefined ? {} : { [key]: devices };
  const linux = { namespaces: [{ type: "network", path: `/run/netns/${id}` }] };
  return { id, namespace: "default", name: id, annotations, linux };
}

export const KEY = "netdevice.noderesource.dev/pod";

/** The files of what is held: one of all devices, and a mount of each namespace. */
export function heldFiles(scene: Scene): string[] {
  const found = scene.run("find", "/run", "-path", "/run/cni-tap/*", "-type", "f");
  return found.split("\n").filter((line) => line !== "" && !line.endsWith("/pid"));
}

/** Puts a script before ip(8), for as long as the scene lasts. */
export function replaceIp(scene: Scene, script: string): void {
  const real = scene.run("readlink", "-f", "/usr/sbin/ip").trim();
  const lines = ["#!/bin/sh", script, 'exec /run/ip "$@"'].join("\n");
  const install = `cp ${real} /run/ip && printf '%s\\n' "$1" >/run/new && chmod 755 /run/new`;
  scene.run("sh", "-c", install, "sh", lines);
  scene.run("mount", "--bind", "/run/new", real);
}
