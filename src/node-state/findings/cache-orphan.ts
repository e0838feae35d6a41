import { isOwn } from "../../story/address.ts";
import { listed } from "../../story/findings/finding.ts";
import type { CachedAttachment } from "../facts.ts";
import { type Look, nodeCheck, nodeFinding, ofNetwork, quoted, type Suspect } from "./node-finding.ts";
import { isLeaked } from "./node-leak.ts";

export interface Orphan extends Suspect {
  readonly path: string;
  readonly attachment: CachedAttachment;
  readonly mtimeMs: number;
}

/** Cached attachments whose network namespace is gone, though nobody called DEL, or it failed. */
export function orphansOf({ facts, lives }: Look): Orphan[] {
  return facts.cache.flatMap(({ path, attachment, mtimeMs }): Orphan[] => {
    if (attachment === null) return [];
    const { containerId, netns } = attachment;
    // A pod that the runtime knows is given its DEL when it is removed.
    const gone = lives.isReady(containerId) ? lives.isNetnsGone(netns) : lives.isGone(containerId);
    return gone ? [{ key: path, path, attachment, mtimeMs }] : [];
  });
}

export const cacheOrphan = nodeCheck(
  (look) => orphansOf(look).filter(({ attachment }) => !isLeaked(attachment, look)),
  (orphans, { lives }) =>
    orphans.map(({ path, attachment }) => {
      const { containerId, network, addresses } = attachment;
      const ready = lives.isReady(containerId);
      const given = addresses
        .filter(({ address, ofHost }) => !ofHost && isOwn(address))
        .map(({ address }) => address);
      const held = given.length === 0 ? "" : `, and ${listed(given)} may still be taken`;
      return nodeFinding({
        ...{ code: "cache-orphan", severity: "note", containerId, network, files: [path] },
        pod: lives.podOf(containerId),
        brief: ready
          ? "its network namespace is gone, though the runtime takes the pod for ready"
          : "libcni's cache still has an attachment of a pod that is gone",
        sentence: ready
          ? `The network namespace of ${lives.nameOf(containerId)}${ofNetwork(network)} is gone, though the runtime takes the pod for ready`
          : `libcni's cache still has ${lives.nameOf(containerId)}${ofNetwork(network)}, which is gone${held}`,
        advice: ready
          ? "Delete the pod: it has no network that could be mended."
          : `rm ${quoted(path)}, or cnitap audit --node --repair: a DEL that comes after all runs without the remembered result.`,
      });
    }),
);
