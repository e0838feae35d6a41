import { type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import { ConflistError } from "./conflist-error.ts";
import { type Network, readNetwork } from "./network.ts";

/** A file of the configuration directory; `text` is null where it cannot be read. */
export interface ConfFile {
  readonly file: string;
  readonly text: ByteString | null;
}

/** A file `<network>/<file>` below the configuration directory: one plugin, put behind a list's own (libcni 1.3). */
export interface DropIn extends ConfFile {
  readonly network: string;
}

/** A file that runtimes look at, and what they see. */
export type Candidate =
  | { readonly file: string; readonly network: Network; readonly error: null }
  | { readonly file: string; readonly network: null; readonly error: ConflistError };

export interface Location {
  /** In the order in which runtimes read them. */
  readonly candidates: readonly Candidate[];
  /**
   * What containerd (go-cni) takes as the default network: the first file. A broken file among those that it reads, as
   * many as max_conf_num says, fails the whole load: then null.
   */
  readonly goCni: Network | null;
  /** What CRI-O (ocicni) takes: the first file that is valid. */
  readonly ocicni: Network | null;
}

const ENDINGS = [".conf", ".conflist", ".json"];

/** Whether runtimes read a file of this name. A name that begins with a dot is no exception. */
export function isRead(file: string): boolean {
  return ENDINGS.some((ending) => file.endsWith(ending));
}

/** By bytes, as Go's sort.Strings; localeCompare would put "Z" behind "a". */
export function byName(a: { readonly file: string }, b: { readonly file: string }): number {
  const [one, other] = [encodeUtf8(a.file), encodeUtf8(b.file)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Finds the networks of a configuration directory.
 * @param maxConfNum as many files as containerd attaches; its default is 1, and 0 means all
 */
export function locate(
  files: readonly ConfFile[],
  dropIns: readonly DropIn[] = [],
  maxConfNum = 1,
): Location {
  const candidates = files
    .filter(({ file }) => isRead(file))
    .sort(byName)
    .map((file) => readCandidate(file, dropIns));
  const read = maxConfNum === 0 ? candidates : candidates.slice(0, maxConfNum);
  const nets = candidates.flatMap(({ network }) => network ?? []);
  return {
    candidates,
    goCni: read.every(({ network }) => network) ? (nets[0] ?? null) : null,
    ocicni: nets[0] ?? null,
  };
}

function readCandidate({ file, text }: ConfFile, dropIns: readonly DropIn[]): Candidate {
  try {
    if (text === null) throw new ConflistError("broken", "it cannot be read");
    const network = readNetwork(file, text);
    const more = network.inlineOnly ? [] : dropIns.filter((dropIn) => dropIn.network === network.name);
    if (network.plugins.length + more.length === 0) throw new ConflistError("invalid", "it has no plugins");
    return { file, network, error: null };
  } catch (error) {
    if (!(error instanceof ConflistError)) throw error;
    return { file, network: null, error };
  }
}
