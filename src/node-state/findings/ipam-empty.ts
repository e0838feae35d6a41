import { counted, listed } from "../../story/findings/finding.ts";
import type { ReservationDirectory } from "../reservations.ts";
import { type Look, nodeCheck, nodeFinding, quoted, type Suspect } from "./node-finding.ts";

export interface ReservationSuspect extends Suspect {
  readonly directory: ReservationDirectory;
  readonly path: string;
  readonly address: string;
  readonly mtimeMs: number;
}

/** Files of host-local without any byte. */
export function emptyOf({ facts }: Look): ReservationSuspect[] {
  return facts.reservations.flatMap((directory) =>
    directory.files
      .filter(({ containerId }) => containerId === null)
      .map(({ path, address, mtimeMs }) => ({ key: path, directory, path, address, mtimeMs })),
  );
}

/** A file of host-local has no bytes: no DEL ever frees its address (plugins#498). */
export const ipamEmpty = nodeCheck(emptyOf, (suspects) =>
  byDirectory(suspects).map(([directory, all]) => {
    const files = all.map(({ path }) => path);
    const count = counted(files.length, "address").replace(/addresss$/, "addresses");
    return nodeFinding({
      ...{ code: "ipam-empty", severity: "error", plugin: "host-local", network: directory.network, files },
      brief: "files of host-local are empty",
      sentence: `${count} of network ${directory.network} ${files.length === 1 ? "is" : "are"} taken by empty files of host-local, which no DEL ever frees: ${listed(all.map(({ address }) => address))}`,
      advice: `cnitap audit --node --repair, or ${lockedRemoval(directory.path, files)}: nothing is lost.`,
    });
  }),
);

/** The suspects of each directory. */
export function byDirectory<S extends ReservationSuspect>(
  suspects: readonly S[],
): [ReservationDirectory, S[]][] {
  const found = new Map<string, [ReservationDirectory, S[]]>();
  for (const suspect of suspects) {
    const known = found.get(suspect.directory.path);
    if (known) known[1].push(suspect);
    else found.set(suspect.directory.path, [suspect.directory, [suspect]]);
  }
  return [...found.values()];
}

/** The command that removes files of host-local, under its own lock. */
export function lockedRemoval(directory: string, files: readonly string[]): string {
  const few = files.length > 3 ? "FILE..." : files.map(quoted).join(" ");
  return `flock -w 5 ${quoted(`${directory}/lock`)} rm ${few}`;
}
