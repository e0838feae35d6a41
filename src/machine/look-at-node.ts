import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../log/json.ts";
import { readCacheFile } from "../node-state/cache-file.ts";
import type { CacheFile, NodeFacts, Pool, RuntimeFacts, RuntimePod } from "../node-state/facts.ts";
import { DATA_DIR, poolsOf } from "../node-state/pools.ts";
import {
  isReservation,
  RESERVATION_MOST_BYTES,
  type Reservation,
  type ReservationDirectory,
  readReservation,
} from "../node-state/reservations.ts";
import { askRules } from "./ask-rules.ts";
import { CACHE, decodeBase64 } from "./attachments.ts";
import { readConfDir } from "./conf-dir.ts";
import { findConfDir } from "./directories.ts";
import { hostAddresses } from "./host-addresses.ts";
import { causeOf, codeOf, MachineError } from "./machine-error.ts";
import { seeNamespaces } from "./namespaces.ts";
import { listPods, netnsOf } from "./pod-list.ts";
import { seeProcesses } from "./processes.ts";
import { readSmallFile } from "./read-small-file.ts";
import { Root } from "./root.ts";
import { findRuntime, type Runtime } from "./runtime.ts";
import type { Places } from "./survey.ts";

/** Cached results have a few kilobytes. */
const CACHE_MOST_BYTES = 4 << 20;
const SUBNET_MOST_BYTES = 64 << 10;
/** Of more files in one directory only these are read. */
const MOST_FILES = 100_000;

/**
 * Looks at a node once. It changes nothing, takes no lock, and starts nothing but iptables-save, ip6tables-save and nft,
 * which only list.
 * @param netnsPaths network namespaces that the log tells
 * @throws {MachineError} if the runtime or the directory that was specified cannot be read
 */
export async function lookAtNode(places: Places, netnsPaths: readonly string[]): Promise<NodeFacts> {
  const root = new Root(places.hostRoot);
  const gaps: string[] = [];
  const { files, configs } = readCache(root, gaps);
  const runtime = await findRuntime(root, places.runtimeEndpoint);
  const pools = findPools(root, places.confDir, runtime, configs);
  const reservations = readReservations(root, pools, gaps);
  const processes = seeProcesses(root);
  const told = files.flatMap(({ attachment }) => attachment?.netns ?? []);
  const namespaces = seeNamespaces(root, [...told, ...netnsPaths]);
  const asked = runtime === null ? null : await askPods(root, runtime, gaps);
  const used = new Set(told);
  const unknown = namespaces.mounted.some(
    ({ path, inode }) => !used.has(path) && !used.has(`/var${path}`) && !processes?.namespaces.has(inode),
  );
  if (runtime === null) gaps.push("no runtime answers");
  if (processes === null) gaps.push("the node's processes cannot be seen");
  return {
    bootMs: bootTime(root),
    cache: files,
    ...{ reservations, pools, namespaces, processes },
    rules: await askRules(root, processes?.runtimePaths ?? []),
    hostAddresses: hostAddresses(root),
    runtime:
      asked !== null && unknown && runtime !== null ? await withNetns(root, runtime, asked, files) : asked,
    gaps,
  };
}

function namesIn(root: Root, folder: string, gaps: string[]): { folder: string; names: string[] } {
  try {
    const at = root.at(folder);
    const names = readdirSync(at).sort();
    if (names.length > MOST_FILES)
      gaps.push(`${folder} has more than ${MOST_FILES} files: the others were not read`);
    return { folder: at, names: names.slice(0, MOST_FILES) };
  } catch (error) {
    if (error instanceof MachineError) gaps.push(`${folder} cannot be read: too many symbolic links`);
    else if (!["ENOENT", "ENOTDIR"].includes(codeOf(error)))
      gaps.push(`${folder} cannot be read: ${causeOf(error)}`);
    return { folder: "", names: [] }; // there is none
  }
}

interface Cache {
  readonly files: readonly CacheFile[];
  /** The lists that pods were made with, the newest one of each name. */
  readonly configs: readonly { readonly path: string; readonly list: unknown }[];
}

function readCache(root: Root, gaps: string[]): Cache {
  const { folder, names } = namesIn(root, CACHE, gaps);
  const files: CacheFile[] = [];
  const newest = new Map<string, { path: string; list: unknown; mtimeMs: number }>();
  let odd = 0;
  for (const name of names) {
    const path = join(CACHE, name);
    const read = readSmallFile(join(folder, name), CACHE_MOST_BYTES);
    if (read.kind !== "text") {
      if (read.kind !== "absent") odd++;
      continue;
    }
    const { file, config } = readCacheFile({ path, ...read }, decodeBase64);
    files.push(file);
    const network = file.attachment?.network;
    if (!network || config === null) continue;
    const known = newest.get(network);
    if (known === undefined || known.mtimeMs < read.mtimeMs)
      newest.set(network, { path, list: config, mtimeMs: read.mtimeMs });
  }
  if (odd > 0) gaps.push(`${odd} entries of ${CACHE} are no files of libcni, or cannot be read`);
  return { files, configs: [...newest.values()] };
}

/** Of the configuration directory, and of networks that are only in libcni's cache: Multus' are. */
function findPools(
  root: Root,
  confDir: string | undefined,
  runtime: Runtime | null,
  cached: Cache["configs"],
): Pool[] {
  const configured = configuredLists(root, confDir, runtime);
  const subnetFile = (path: string) => {
    const read = readSmallFile(root.at(path), SUBNET_MOST_BYTES);
    return read.kind === "text" ? read.text : null;
  };
  const found = configured.flatMap(({ path, list }) => poolsOf(list, path, subnetFile));
  const more = cached.flatMap(({ path, list }) => poolsOf(list, path, subnetFile));
  const names = new Set(found.map(({ network }) => network));
  return [...found, ...more.filter(({ network }) => !names.has(network))];
}

function configuredLists(root: Root, named: string | undefined, runtime: Runtime | null): Cache["configs"] {
  let confDir: string;
  try {
    confDir = findConfDir(root, named, runtime);
  } catch (error) {
    if (named !== undefined || !(error instanceof MachineError)) throw error;
    return []; // the node has none
  }
  return readConfDir(root, confDir).files.map(({ file, text }) => ({
    path: join(confDir, file),
    list: text === null ? null : parseJson(text),
  }));
}

function readReservations(root: Root, pools: readonly Pool[], gaps: string[]): ReservationDirectory[] {
  const folders = new Map<string, string>();
  const common = namesIn(root, DATA_DIR, gaps);
  for (const name of common.names) folders.set(join(DATA_DIR, name), name);
  for (const { dataDir, network } of pools) folders.set(join(dataDir, network), network);
  return [...folders].flatMap(([path, network]) => {
    const { folder, names } = namesIn(root, path, gaps);
    if (folder === "") return [];
    const files = names.filter(isReservation).flatMap((name): Reservation[] => {
      const read = readSmallFile(join(folder, name), RESERVATION_MOST_BYTES);
      const file = read.kind === "text" ? readReservation(join(path, name), read.text, read.mtimeMs) : null;
      return file === null ? [] : [file];
    });
    return [{ path, network, files }];
  });
}

function bootTime(root: Root): number | null {
  try {
    const seconds = /^btime (\d+)$/m.exec(readFileSync(root.at("/proc/stat"), "latin1"))?.[1];
    return seconds === undefined ? null : Number(seconds) * 1000;
  } catch {
    return null;
  }
}

async function askPods(root: Root, runtime: Runtime, gaps: string[]): Promise<RuntimeFacts | null> {
  const { name, version, socket } = runtime;
  try {
    return { name, version, pods: await listPods(root, socket) };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    gaps.push(`${name} did not list its pods`);
    return null;
  }
}

/** The same with the network namespaces of pods that libcni's cache does not have. */
async function withNetns(
  root: Root,
  runtime: Runtime,
  asked: RuntimeFacts,
  cache: readonly CacheFile[],
): Promise<RuntimeFacts | null> {
  const known = new Set(
    cache.flatMap(({ attachment }) => (attachment?.netns ? [attachment.containerId] : [])),
  );
  const pods: RuntimePod[] = [];
  for (const pod of asked.pods) {
    if (known.has(pod.id)) pods.push(pod);
    else {
      try {
        pods.push({ ...pod, netns: await netnsOf(root, runtime.socket, pod.id) });
      } catch (error) {
        if (!(error instanceof MachineError)) throw error;
        if (!error.message.includes(NOT_FOUND)) return null; // it hangs: then nothing is known of its pods
      }
    }
  }
  return { ...asked, pods };
}

/** What a runtime says of a pod that was removed since it was listed. */
const NOT_FOUND = "gRPC status 5";
