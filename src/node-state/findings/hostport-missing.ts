import { readAddress } from "../../story/address.ts";
import type { CachedAttachment } from "../facts.ts";
import type { PortmapRules } from "../portmap-rules.ts";
import { deletePod, nodeCheck, nodeFinding, ofNetwork, type Suspect } from "./node-finding.ts";

interface Missing extends Suspect {
  readonly attachment: CachedAttachment;
  readonly path: string;
  readonly families: readonly string[];
}

/** A live pod has host ports and no rule: a firewall's restart took them, and no CNI call restores them (cni#778). */
export const hostportMissing = nodeCheck(
  ({ facts, lives }): Missing[] =>
    facts.cache.flatMap(({ path, attachment }): Missing[] => {
      if (attachment === null || facts.rules === null || !lives.isLive(attachment)) return [];
      const families = missingFamilies(attachment, facts.rules);
      return families.length === 0 ? [] : [{ key: `${path} ${families}`, attachment, path, families }];
    }),
  (missing, { lives }) =>
    missing.map(({ attachment, path, families }) => {
      const { containerId, network, portMappings } = attachment;
      const pod = lives.podOf(containerId);
      const ports = portMappings.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`).join(", ");
      const words = families.join(" and ");
      return nodeFinding({
        ...{ code: "hostport-missing", severity: "error", containerId, network, pod, plugin: "portmap" },
        brief: `portmap's ${words} rules for its host ports are gone`,
        sentence: `portmap's ${words} rules for the host ports of ${lives.nameOf(containerId)}${ofNetwork(network)} are gone: nothing reaches it on ${ports}`,
        files: [path],
        advice: `${pod === null ? "Delete the pod" : deletePod(pod)}: only an ADD writes them. It loses what the pod has in memory and its connections.`,
      });
    }),
);

/** The families for which portmap must have made rules, and has none. */
function missingFamilies(attachment: CachedAttachment, rules: PortmapRules): string[] {
  const { containerId, plugins, portMappings, addresses } = attachment;
  const portmap = plugins.find(({ type }) => type === "portmap");
  if (portmap === undefined || portMappings.length === 0) return [];
  return ([4, 6] as const).flatMap((family) => {
    const isOf = (text: string) => readAddress(text)?.family === family;
    if (!addresses.some(({ address, ofHost }) => !ofHost && isOf(address))) return [];
    if (!portMappings.some(({ hostIp }) => hostIp === "" || isOf(hostIp))) return [];
    const iptables = family === 4 ? rules.ip4 : rules.ip6;
    const asked = portmap.backend === "nftables" ? rules.nft : iptables;
    if (asked === null || asked.has(containerId)) return [];
    // Without a setting, portmap takes what is there.
    if (portmap.backend === null && rules.nft?.has(containerId)) return [];
    return [family === 4 ? "IPv4" : "IPv6"];
  });
}
