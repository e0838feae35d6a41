import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { CRI_SOCKETS } from "../observe/advice.ts";
import { callCri, readFields, stringField } from "./cri.ts";
import { MachineError } from "./machine-error.ts";
import type { Root } from "./root.ts";

/** A network as the runtime has loaded it. */
export interface LoadedNetwork {
  readonly name: string;
  /** The text of its file. */
  readonly source: string;
  /** Plugin types, including those of drop-ins. */
  readonly types: readonly string[];
}

/** What a runtime reports. CRI-O reports nothing about networks: `cni` is null. */
export interface Runtime {
  readonly socket: string;
  /** "containerd" */
  readonly name: string;
  /** "2.1.9+unknown" */
  readonly version: string;
  readonly cni: {
    readonly confDir: string;
    readonly binDirs: readonly string[];
    readonly maxConfNum: number;
    /** Null if none is loaded. */
    readonly networks: readonly LoadedNetwork[] | null;
    /** "OK", or why the directory could not be loaded. */
    readonly loadStatus: string;
  } | null;
}

const POLL_MS = 50;

/** A StatusRequest of runtime.v1 with `verbose` (field 1) set. */
const VERBOSE = Buffer.from([0x08, 0x01]);

/**
 * Queries the first runtime that answers; null if none does.
 * @param endpoint the only socket to try; by default all known ones
 * @param signal cancels the query
 * @throws {MachineError} if `endpoint` does not answer
 */
export async function findRuntime(
  root: Root,
  endpoint?: string,
  signal?: AbortSignal,
): Promise<Runtime | null> {
  if (endpoint !== undefined) return askRuntime(root, endpoint.replace(/^unix:\/\//, ""), signal);
  for (const socket of CRI_SOCKETS) {
    if (!existsSync(root.at(socket))) continue;
    try {
      return await askRuntime(root, socket, signal);
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
    }
  }
  return null;
}

/**
 * Queries the runtime on a socket of the host.
 * @throws {MachineError} if it does not answer
 */
export async function askRuntime(root: Root, socket: string, signal?: AbortSignal): Promise<Runtime> {
  const path = root.at(socket);
  const version = readFields(await callCri(path, "Version", Buffer.alloc(0), signal));
  const status = readFields(await callCri(path, "Status", VERBOSE, signal));
  const info = new Map<string, string>();
  for (const { number, value } of status) {
    if (number !== 2 || !Buffer.isBuffer(value)) continue; // map<string, string> info
    const entry = readFields(value);
    info.set(stringField(entry, 1), stringField(entry, 2));
  }
  return {
    socket,
    name: stringField(version, 2),
    version: stringField(version, 3),
    cni: readCni(info.get("cniconfig"), info.get("lastCNILoadStatus") ?? ""),
  };
}

/** Polls a runtime, which may restart meanwhile, until a condition is met. Returns the last answer. */
export async function waitForRuntime(
  root: Root,
  before: Runtime,
  condition: (runtime: Runtime) => boolean,
  timeoutMs: number,
): Promise<{ readonly runtime: Runtime; readonly met: boolean }> {
  const end = performance.now() + timeoutMs;
  for (let runtime = before; ; await delay(POLL_MS)) {
    try {
      runtime = await askRuntime(root, before.socket);
      if (condition(runtime)) return { runtime, met: true };
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
    }
    if (performance.now() > end) return { runtime, met: false };
  }
}

/** go-cni's ConfigResult in containerd's status. */
interface CniConfig {
  readonly PluginDirs?: string[] | null;
  readonly PluginConfDir?: string;
  readonly PluginMaxConfNum?: number;
  readonly Networks?: readonly { readonly Config?: NetworkConfig | null }[] | null;
}
interface NetworkConfig {
  readonly Name?: string;
  readonly Source?: string;
  readonly Plugins?: readonly { readonly Network?: { readonly type?: string } | null }[] | null;
}

function readCni(text: string | undefined, loadStatus: string): Runtime["cni"] {
  if (!text) return null;
  const config: CniConfig | null = JSON.parse(text);
  if (!config) return null;
  return {
    confDir: config.PluginConfDir ?? "",
    binDirs: config.PluginDirs ?? [],
    maxConfNum: config.PluginMaxConfNum ?? 1,
    loadStatus,
    networks:
      config.Networks?.map(({ Config }) => ({
        name: Config?.Name ?? "",
        source: Config?.Source ?? "",
        types: (Config?.Plugins ?? []).map((plugin) => plugin.Network?.type ?? ""),
      })) ?? null,
  };
}
