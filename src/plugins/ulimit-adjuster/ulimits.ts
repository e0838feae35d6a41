import { type Fields, goQuote } from "../../nri/logrus.ts";
import { shorten } from "../excerpt.ts";
import { readRecords } from "../records.ts";

/** A limit of a container; see setrlimit(2). 2^64-1 is no limit. */
export interface Ulimit {
  /** Such as "RLIMIT_NOFILE". */
  readonly type: string;
  readonly hard: bigint;
  readonly soft: bigint;
}

/** The prefixes of annotations, the first that is present counts: the second is that of nri before 0.10. */
const PREFIXES = ["ulimits.noderesource.dev", "ulimits.nri.containerd.io"];
const TYPES = new Set([
  ...["AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE", "NPROC"],
  ...["RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK"],
]);
const MARK = "RLIMIT_";

/**
 * The limits of a container, from its pod's annotations.
 * @param debug gets what Go's plugin says with -verbose
 * @throws Error with the words of Go's plugin, if the annotation is wrong
 */
export function limitsFor(
  container: string,
  annotations: Readonly<Record<string, string>>,
  debug: (message: string, fields?: Fields) => void,
): Ulimit[] {
  const keys = PREFIXES.map((prefix) => `${prefix}/container.${container}`);
  const key = keys.find((one) => Object.hasOwn(annotations, one));
  if (key === undefined) {
    debug(`no annotations found with keys [${keys.join(" ")}]`);
    return [];
  }
  try {
    return readLimits(annotations[key] ?? "");
  } catch (error) {
    debug("failed to parse annotations", { error: String(error instanceof Error ? error.message : error) });
    throw error;
  }
}

function readLimits(text: string): Ulimit[] {
  const records = readRecords(text, "ulimit", { type: "string", hard: "uint64", soft: "uint64" });
  return records.map(({ type: given, hard, soft }) => {
    const type = given.toUpperCase().replace(MARK, (mark, at: number) => (at === 0 ? "" : mark));
    if (!TYPES.has(type)) throw new Error(`failed to parse type: ${goQuote(shorten(given))}`);
    if (hard < soft) throw new Error(`ulimit "${MARK}${type}" must have hard limit >= soft limit`);
    return { type: `${MARK}${type}`, hard, soft };
  });
}
