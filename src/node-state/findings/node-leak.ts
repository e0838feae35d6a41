import { listed } from "../../story/findings/finding.ts";
import type { CachedAttachment } from "../facts.ts";
import type { LogAttachment } from "../log-pods.ts";
import { lockedRemoval } from "./ipam-empty.ts";
import { type Look, nodeCheck, nodeFinding, ofNetwork } from "./node-finding.ts";

/** Of the log, the attachment that was made and never unmade; null if there is none. */
function undeleted({ containerId, network }: CachedAttachment, { log }: Look): LogAttachment | null {
  const attachments = log.byId.get(containerId)?.attachments ?? [];
  return (
    attachments.find(
      (one) => one.state === "whole" && (one.network === network || one.network === null || network === null),
    ) ?? null
  );
}

/** Whether the log has a whole ADD and no DEL of a pod that is gone, and libcni's cache still has it. */
export function isLeaked(attachment: CachedAttachment, look: Look): boolean {
  return look.lives.isGone(attachment.containerId) && undeleted(attachment, look) !== null;
}

/** A pod is gone and no DEL was ever called (containerd#5438): what the log's `leak` needs NRI for. */
export const nodeLeak = nodeCheck(
  (look) =>
    look.facts.cache.flatMap(({ path, attachment }) =>
      attachment !== null && isLeaked(attachment, look) ? [{ key: path, path, attachment }] : [],
    ),
  (leaked, look) =>
    leaked.map(({ path, attachment }) => {
      const { containerId, network } = attachment;
      const found = undeleted(attachment, look);
      const addresses = found?.addresses ?? [];
      const held = addresses.length === 0 ? "" : `: ${listed(addresses)} may be held for good`;
      return nodeFinding({
        ...{ code: "leak", severity: "error", containerId, network, files: [path] },
        pod: look.lives.podOf(containerId),
        brief: "its network namespace is gone, and no DEL was ever called for it",
        sentence: `No DEL was ever called for ${look.lives.nameOf(containerId)}${ofNetwork(network)}, whose network namespace is gone${held}`,
        lines: found?.lines ?? [],
        advice: `Look in the runtime's journal for the end of this sandbox. ${release(containerId, look)}`,
      });
    }),
);

/** How what a pod holds is given back. */
function release(containerId: string, { facts }: Look): string {
  const commands = facts.reservations.flatMap(({ path, files }) => {
    const held = files.filter((file) => file.containerId === containerId).map((file) => file.path);
    return held.length === 0 ? [] : [lockedRemoval(path, held)];
  });
  return commands.length === 0
    ? "Free what it holds with the tool of the network's IPAM plugin."
    : `${commands.join(" && ")} frees its addresses: only the record that they are taken is lost.`;
}
