import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeScratch, type Scratch } from "../../support/scratch.ts";
import { pluginFolder, wrapPath } from "./programs.ts";
import type { PluginCall, RuntimeOptions } from "./run-plugin.ts";

/** How a plugin comes to be wrapped. */
export type Form = "in a list" | "by its name";
export const forms: readonly Form[] = ["in a list", "by its name"];

/** A call as a runtime would make it without cni_wrap. */
export interface BareCall {
  /** What the plugin `ill` is to do. */
  readonly ill?: string;
  /** ADD by default; null for a call without one. */
  readonly command?: string | null;
  /** The plugin's type: `ill` by default. */
  readonly type?: string;
  /** The folder that it is in; that of `ill` by default. */
  readonly folder?: string;
  /** The request configuration, without `type`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The whole of stdin, if it is to be another text, wrapped or not. */
  readonly stdin?: string;
  /** Further variables, or others; undefined for none of that name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly options?: RuntimeOptions;
  readonly inside?: readonly string[];
}

/** The settings of the log, as `cniTap` and cni-tap.json have them. */
export type Settings = Readonly<Record<string, unknown>>;

const CONFIG = { cniVersion: "1.0.0", name: "k8s-pod-network" };

export function bareCall(call: BareCall): PluginCall {
  const { type = "ill", folder = pluginFolder, config = CONFIG } = call;
  const { options, inside } = call;
  return {
    program: join(folder, type),
    env: environment(call),
    stdin: call.stdin ?? libcniText({ ...config, type }),
    ...(options && { options }),
    ...(inside && { inside }),
  };
}

/** The same call where the plugin is wrapped. Its files go to the scratch directory. */
export function wrappedCall(
  form: Form,
  scratch: Scratch,
  call: BareCall,
  settings: Settings = {},
): PluginCall {
  const bare = bareCall(call);
  const { type = "ill", config = CONFIG } = call;
  const all = { ...logSettings(scratch), ...settings };
  if (form === "by its name") return { ...bare, program: linkTo(scratch, type, all) };
  return {
    ...bare,
    program: wrapPath(),
    stdin: call.stdin ?? libcniText({ ...config, type: "cni_wrap", cniTap: { type, ...all } }),
  };
}

export function logSettings(scratch: Scratch): Settings {
  return { logFile: scratch.logFile, lockFile: scratch.lockFile, logFormat: "json" };
}

/** A link of the plugin's name to cni_wrap in a folder `cni-tap`, with its settings; undefined for none. */
export function linkTo(scratch: Scratch, type: string, settings?: Settings): string {
  const folder = scratch.path("cni-tap");
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, type))) symlinkSync(wrapPath(), join(folder, type));
  if (settings) writeFileSync(join(folder, "cni-tap.json"), JSON.stringify(settings));
  return join(folder, type);
}

function environment(call: BareCall): Record<string, string> {
  const { ill, command = "ADD", folder = pluginFolder, env = {} } = call;
  const all: Readonly<Record<string, string | undefined>> = {
    PATH: "/usr/bin:/bin",
    HOME: "/root",
    CNI_COMMAND: command ?? undefined,
    CNI_CONTAINERID: "c1",
    CNI_NETNS: "/var/run/netns/n1",
    CNI_IFNAME: "eth0",
    CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=web-0",
    CNI_PATH: folder,
    ILL: ill,
    ...env,
  };
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) if (value !== undefined) given[name] = value;
  return given;
}

/** JSON as Go's encoding/json makes it of a map: compact, keys in the order of their bytes, HTML escaped. */
export function libcniText(value: unknown): string {
  return compactText(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function compactText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(compactText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const members = new Map(Object.entries(value));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${compactText(members.get(key))}`).join(",")}}`;
}

/** A scratch directory for what `use` does; tests that run together cannot have one each by a hook. */
export async function withScratch<T>(use: (scratch: Scratch) => Promise<T>): Promise<T> {
  const scratch = makeScratch();
  try {
    return await use(scratch);
  } finally {
    scratch.remove();
  }
}
