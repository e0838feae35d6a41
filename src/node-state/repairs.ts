import type { NodeFacts } from "./facts.ts";
import { orphansOf } from "./findings/cache-orphan.ts";
import { emptyOf } from "./findings/ipam-empty.ts";
import { staleOf } from "./findings/ipam-stale.ts";
import { confirmed } from "./findings/node-finding.ts";
import { looksOf } from "./judge-node.ts";
import type { LogPods } from "./log-pods.ts";

/** A file that can be removed without harm to anybody alive. */
export interface Repair {
  readonly path: string;
  /** The directory of host-local whose lock must be held; null for a file of libcni's cache. */
  readonly lockIn: string | null;
  /** When it was written; another one of its name is another file. */
  readonly mtimeMs: number;
  /** Why, as a clause. */
  readonly why: string;
}

/**
 * The repairs that lose nothing: empty files of host-local, its files of pods that are gone since before the boot, and
 * cached attachments of pods that are gone and that the runtime does not know.
 */
export function planRepairs(looks: readonly NodeFacts[], log: LogPods): Repair[] {
  const judged = looksOf(looks, log);
  return [
    ...confirmed(emptyOf, judged).map(({ path, mtimeMs, directory }) => ({
      ...{ path, mtimeMs, lockIn: directory.path, why: "it is empty: no DEL ever frees its address" },
    })),
    ...confirmed((look) => staleOf(look).filter(({ beforeBoot }) => beforeBoot), judged).map(
      ({ path, mtimeMs, directory, file }) => ({
        ...{ path, mtimeMs, lockIn: directory.path },
        why: `${judged.at(-1)?.lives.nameOf(file.containerId ?? "")} is gone since before the last boot`,
      }),
    ),
    ...confirmed(
      (look) => orphansOf(look).filter(({ attachment }) => !look.lives.isListed(attachment.containerId)),
      judged,
    ).map(({ path, mtimeMs, attachment }) => ({
      ...{
        path,
        mtimeMs,
        lockIn: null,
        why: `${judged.at(-1)?.lives.nameOf(attachment.containerId)} is gone`,
      },
    })),
  ];
}
