import type { ResultAddress } from "./cache-file.ts";
import type { PortMapping } from "./port-mappings.ts";
import type { PortmapRules } from "./portmap-rules.ts";
import type { ReservationDirectory } from "./reservations.ts";

/** What a node shows at one look. Texts are plain strings, paths are the host's. */
export interface NodeFacts {
  /** Milliseconds since 1970; null if it is not known. */
  readonly bootMs: number | null;
  readonly cache: readonly CacheFile[];
  readonly reservations: readonly ReservationDirectory[];
  /** The networks whose addresses host-local gives: those of the configuration directory, else of libcni's cache. */
  readonly pools: readonly Pool[];
  readonly namespaces: Namespaces;
  /** What the node's processes tell; null if they cannot be seen. */
  readonly processes: Processes | null;
  /** The container IDs of portmap's rules; null if the rules cannot be asked for. */
  readonly rules: PortmapRules | null;
  /** The addresses of the host itself; null if they cannot be read. */
  readonly hostAddresses: readonly string[] | null;
  /** The runtime that answers. */
  readonly runtime: RuntimeFacts | null;
  /** What could not be looked at, each as a clause. */
  readonly gaps: readonly string[];
}

/** A file of libcni's cache (`cniCacheV1`, or the bare result of libcni before 0.8). */
export interface CacheFile {
  readonly path: string;
  /** Why libcni cannot read it, as a clause; null if it can. */
  readonly problem: string | null;
  readonly mtimeMs: number;
  /** Null where the file does not tell. */
  readonly attachment: CachedAttachment | null;
}

export interface CachedAttachment {
  readonly containerId: string;
  readonly network: string | null;
  readonly ifname: string | null;
  /** The network namespace's path; null where it is not told. */
  readonly netns: string | null;
  readonly pod: PodName | null;
  /** The list's plugins. */
  readonly plugins: readonly CachedPlugin[];
  readonly portMappings: readonly PortMapping[];
  readonly addresses: readonly ResultAddress[];
}

export interface CachedPlugin {
  /** Of a wrapped plugin, its own type. */
  readonly type: string;
  /** portmap's `backend`. */
  readonly backend: string | null;
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** A network whose addresses host-local gives. */
export interface Pool {
  readonly network: string;
  /** The file that says so. */
  readonly file: string;
  readonly dataDir: string;
  /** A pod gets one address of each set. */
  readonly sets: readonly (readonly Range[])[];
}

/** A range of host-local, as it reckons: both ends are in it, the gateway is not given. */
export interface Range {
  readonly family: 4 | 6;
  readonly from: bigint;
  readonly to: bigint;
  readonly gateway: bigint;
  /** "10.1.2.0/24, 10.1.2.10 to 10.1.2.20" */
  readonly words: string;
}

export interface Namespaces {
  /** The files below /run/netns, /run/docker/netns and the like that hold a network namespace. */
  readonly mounted: readonly NamespaceFile[];
  /** Of the paths that cache and log tell, those that are there. */
  readonly there: ReadonlySet<string>;
}

export interface NamespaceFile {
  readonly path: string;
  /** What /proc/PID/ns/net of a process in it says: its inode. */
  readonly inode: number;
}

export interface Processes {
  /** The container IDs of 64 letters in command lines and control groups. */
  readonly ids: ReadonlySet<string>;
  /** The inodes of the network namespaces that processes are in. */
  readonly namespaces: ReadonlySet<number>;
  /** The calls of CNI plugins under way. */
  readonly calls: readonly CallUnderWay[];
}

export interface CallUnderWay {
  readonly containerId: string;
  readonly netns: string;
}

export interface RuntimeFacts {
  /** "containerd" */
  readonly name: string;
  readonly version: string;
  readonly pods: readonly RuntimePod[];
}

/** A pod sandbox as the CRI lists it. */
export interface RuntimePod {
  readonly id: string;
  readonly pod: PodName;
  readonly ready: boolean;
  /** Its network namespace's path, asked for where no cached attachment tells it. */
  readonly netns: string | null;
}
