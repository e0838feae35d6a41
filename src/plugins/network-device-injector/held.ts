import { isIP } from "node:net";
import { isInterfaceName } from "./interface-name.ts";
import type { Address, Link } from "./links.ts";

/** A device as it was on the host. */
export type Home = Omit<Link, "lower" | "lowerElsewhere">;

/** A device that is in a pod. */
export interface HeldDevice {
  readonly home: Home;
  /** Its name in the pod, as injected: a pod may give it another. */
  readonly podName: string;
  /** Its index in the pod; null: it is not known whether it has got there. */
  readonly podIndex: number | null;
}

/** "injecting" and "leaving": the devices go back, unless the plugin that wrote it still is at the first. */
export type HeldState = (typeof STATES)[number];
const STATES = ["injecting", "injected", "leaving"] as const;

/** A pod that has devices of the host. */
export interface HeldPod {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** The path of its network namespace, and the number of it that no other living one has. */
  readonly netns: string;
  readonly inode: number;
  readonly state: HeldState;
  readonly devices: readonly HeldDevice[];
}

/** What is kept in the file, so that a plugin that starts anew gives the devices back. */
export function encodeHeld(pods: readonly HeldPod[]): string {
  return `${JSON.stringify({ version: 1, pods }, null, 1)}\n`;
}

/** Reads such a file. Pods of which something is wrong are left out and counted. */
export function parseHeld(text: string): { readonly pods: readonly HeldPod[]; readonly broken: number } {
  const file = parse(text);
  if (!isObject(file) || file.version !== 1 || !Array.isArray(file.pods)) return { pods: [], broken: 1 };
  const pods = file.pods.filter(isHeldPod);
  return { pods, broken: file.pods.length - pods.length };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null;
}

/** The file is root's, but what is in it becomes arguments of ip(8) and paths: nothing is taken on trust. */
function isHeldPod(value: unknown): value is HeldPod {
  if (!isObject(value)) return false;
  const { id, namespace, name, netns, inode, state, devices } = value;
  return (
    [namespace, name].every((one) => typeof one === "string") &&
    isPodId(id) &&
    typeof netns === "string" &&
    /^\/[^\0]*$/.test(netns) &&
    isNumber(inode) &&
    STATES.some((one) => one === state) &&
    Array.isArray(devices) &&
    devices.every(isHeldDevice)
  );
}

/** Whether a sandbox ID can be the name of a file. */
export function isPodId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9][\w.-]{0,127}$/.test(value);
}

function isHeldDevice(value: unknown): value is HeldDevice {
  if (!isObject(value)) return false;
  const { home, podName, podIndex } = value;
  return isName(podName) && (podIndex === null || isNumber(podIndex)) && isHome(home);
}

function isHome(value: unknown): value is Home {
  if (!isObject(value)) return false;
  const { index, name, kind, mac, permanentMac, mtu, up, alias, master, addresses } = value;
  return (
    isNumber(index) &&
    isName(name) &&
    [kind, mac, permanentMac].every((one) => typeof one === "string" && /^[\w:.-]{0,64}$/.test(one)) &&
    isNumber(mtu) &&
    typeof up === "boolean" &&
    typeof alias === "string" &&
    !alias.includes("\0") &&
    (master === "" || isName(master)) &&
    Array.isArray(addresses) &&
    addresses.every(isAddress)
  );
}

function isAddress(value: unknown): value is Address {
  if (!isObject(value)) return false;
  const { family, local, prefix, peer, broadcast, scope, label, metric, validS, preferredS, flags } = value;
  const isLocal = (one: unknown) => typeof one === "string" && isIP(one) === family;
  const isWord = (one: unknown) => typeof one === "string" && /^[\w][\w:.@-]{0,31}$/.test(one);
  return (
    isLocal(local) &&
    isNumber(prefix) &&
    [peer, broadcast].every((one) => one === null || isLocal(one)) &&
    isWord(scope) &&
    (label === null || isWord(label)) &&
    [metric, validS, preferredS].every((one) => one === null || isNumber(one)) &&
    Array.isArray(flags) &&
    flags.every(isWord)
  );
}

function isName(value: unknown): value is string {
  return typeof value === "string" && isInterfaceName(value);
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
