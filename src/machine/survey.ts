import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Installation } from "../conflist/installations.ts";
import { type Location, locate } from "../conflist/locate.ts";
import type { Network } from "../conflist/network.ts";
import { neededTypes } from "../conflist/tap-entries.ts";
import { type ConfDir, readConfDir } from "./conf-dir.ts";
import { findBinDirs, findConfDir } from "./directories.ts";
import { readRecord } from "./installation-record.ts";
import { behindLinks } from "./link-folder.ts";
import { Root } from "./root.ts";
import { findRuntime, type Runtime } from "./runtime.ts";

/** The locations that the user specified; the others are found. */
export interface Places {
  readonly confDir?: string;
  readonly binDir?: string;
  readonly hostRoot?: string;
  readonly runtimeEndpoint?: string;
}

/** The state of a node, read once. Paths are the host's. */
export interface Survey {
  readonly root: Root;
  readonly confDir: string;
  readonly conf: ConfDir;
  readonly location: Location;
  /** The directories with the plugins' executables. */
  readonly binDirs: readonly string[];
  /** The directories in which the runtime looks for plugins: those, or folders of links to the wrapper. */
  readonly searchedDirs: readonly string[];
  /** The first runtime that answers; null if none does. */
  readonly runtime: Runtime | null;
  /** Whether that runtime reads this configuration directory. */
  readonly runtimeReads: boolean;
  readonly record: readonly Installation[];
}

/**
 * @throws {MachineError} if the runtime that was specified does not answer, or something cannot be found or
 *   read
 */
export async function takeSurvey(places: Places): Promise<Survey> {
  const root = new Root(places.hostRoot);
  const runtime = await findRuntime(root, places.runtimeEndpoint);
  const confDir = findConfDir(root, places.confDir, runtime);
  return readSurvey(root, confDir, places.binDir, runtime);
}

/** The network that a runtime uses for pods; null for none. */
export interface DefaultNetwork {
  readonly runtime: "containerd" | "CRI-O";
  readonly network: Network | null;
}

/** The default network of the node's runtime; of both runtimes if it is not known which one the node has. */
export function defaultNetworks({ location, runtime, runtimeReads }: Survey): DefaultNetwork[] {
  const containerd: DefaultNetwork = { runtime: "containerd", network: location.goCni };
  const crio: DefaultNetwork = { runtime: "CRI-O", network: location.ocicni };
  if (runtimeReads) return [containerd];
  return runtime?.name === "cri-o" ? [crio] : [containerd, crio];
}

/** Reads the files again, without querying the runtime, to make a plan again. */
export function retakeSurvey(survey: Survey, binDir: string | undefined): Survey {
  return readSurvey(survey.root, survey.confDir, binDir, survey.runtime);
}

function readSurvey(
  root: Root,
  confDir: string,
  binDir: string | undefined,
  runtime: Runtime | null,
): Survey {
  const runtimeReads = runtime?.cni != null && isSame(root.at(runtime.cni.confDir), root.at(confDir));
  const conf = readConfDir(root, confDir);
  const location = locate(conf.files, conf.dropIns, runtimeReads ? runtime?.cni?.maxConfNum : undefined);
  const types = location.candidates.flatMap(({ network }) => (network ? neededTypes(network) : []));
  const found = findBinDirs(root, binDir, runtimeReads ? runtime : null, types);
  const searchedDirs = found.map((path) => resolve(path)); // without a slash at the end
  const binDirs = [...new Set(searchedDirs.map(behindLinks))];
  const record = readRecord(root);
  return { root, confDir, conf, location, binDirs, searchedDirs, runtime, runtimeReads, record };
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
