import { statSync } from "node:fs";
import type { Installation } from "../conflist/installations.ts";
import { type Location, locate } from "../conflist/locate.ts";
import type { Network } from "../conflist/network.ts";
import { type ConfDir, readConfDir } from "./conf-dir.ts";
import { findBinDirs, findConfDir } from "./directories.ts";
import { readRecord } from "./installation-record.ts";
import { Root } from "./root.ts";
import { findRuntime, type Runtime } from "./runtime.ts";

/** Where to look; what is not given is found. */
export interface Places {
  readonly confDir?: string;
  readonly binDir?: string;
  readonly hostRoot?: string;
  readonly runtimeEndpoint?: string;
}

/** What there is on a node, read once. Paths are the host's. */
export interface Survey {
  readonly root: Root;
  readonly confDir: string;
  readonly conf: ConfDir;
  readonly location: Location;
  readonly binDirs: readonly string[];
  /** The one runtime that answers; null where none does. */
  readonly runtime: Runtime | null;
  /** Whether that runtime reads this configuration directory. */
  readonly runtimeReads: boolean;
  readonly record: readonly Installation[];
}

export async function takeSurvey(places: Places): Promise<Survey> {
  const root = new Root(places.hostRoot);
  const runtime = await findRuntime(root, places.runtimeEndpoint);
  const confDir = findConfDir(root, places.confDir, runtime);
  return readSurvey(root, confDir, places.binDir, runtime);
}

/** What a runtime takes as the network of pods; null for none. */
export interface DefaultNetwork {
  readonly runtime: "containerd" | "CRI-O";
  readonly network: Network | null;
}

/** What the runtime takes; where it is not known which one this node has, what each of them would. */
export function defaultNetworks({ location, runtime, runtimeReads }: Survey): DefaultNetwork[] {
  const containerd: DefaultNetwork = { runtime: "containerd", network: location.goCni };
  const crio: DefaultNetwork = { runtime: "CRI-O", network: location.ocicni };
  if (runtimeReads) return [containerd];
  return runtime?.name === "cri-o" ? [crio] : [containerd, crio];
}

/** The same again, without asking the runtime: for a plan that must be made anew. */
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
  const types = location.candidates.flatMap(({ network }) => network?.plugins.map(({ type }) => type) ?? []);
  const binDirs = findBinDirs(root, binDir, runtimeReads ? runtime : null, types);
  return { root, confDir, conf, location, binDirs, runtime, runtimeReads, record: readRecord(root) };
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
