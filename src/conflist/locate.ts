import { type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import { ConflistError } from "./conflist-error.ts";
import { type Network, readNetwork } from "./network.ts";

/** A file of the configuration directory; `text` is null if it cannot be read. */
export interface ConfFile {
  readonly file: string;
  readonly text: ByteString | null;
}

/** `<network>/<file>` in the configuration directory: a plugin that libcni 1.3 appends to the list. */
export interface DropIn extends ConfFile {
  readonly network: string;
}

/** A file that runtimes read, and the result. */
export type Candidate =
  | { readonly file: string; readonly network: Network; readonly error: null }
  | { readonly file: string; readonly network: null; readonly error: ConflistError };

export interface Location {
  /** In the order in which runtimes read them. */
  readonly candidates: readonly Candidate[];
  /**
   * containerd's (go-cni's) default network: the first file. containerd reads max_conf_num files; if one of
   * them is broken, it loads none, and this is null.
   */
  readonly goCni: Network | null;
  /** CRI-O's (ocicni's) default network: the first valid file. */
  readonly ocicni: Network | null;
}

const ENDINGS = [".conf", ".conflist", ".json"];

/** Whether runtimes read a file of this name. They also read names that begin with a dot. */
export function isRead(file: string): boolean {
  return ENDINGS.some((ending) => file.endsWith(ending));
}

/** Compares bytes, as Go's sort.Strings. localeCompare would sort "Z" after "a". */
export function byName(a: { readonly file: string }, b: { readonly file: string }): number {
  const [one, other] = [encodeUtf8(a.file), encodeUtf8(b.file)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Finds the networks of a configuration directory.
 * @param maxConfNum how many files containerd reads (max_conf_num); its default is 1, and 0 means all
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
