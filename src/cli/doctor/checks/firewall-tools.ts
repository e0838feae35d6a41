import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { type Stanza, stanzasOf } from "../../../conflist/delegates.ts";
import type { Root } from "../../../machine/root.ts";
import { type Check, error } from "../check.ts";

export const firewallTools: Check = {
  id: "firewall-tools",
  title: "the runtime finds the firewall's tools that plugins run",
  allowsInstall: true, // it changes nothing about them
  unknown({ runtimePaths, used }) {
    if (!used.some((network) => stanzasOf(network).some((one) => toolsFor(one, false) !== null))) return null;
    return runtimePaths().length > 0
      ? null
      : "whether the runtime finds iptables or nft: its process cannot be seen";
  },
  run({ survey, used, runtimePaths }) {
    const paths = runtimePaths();
    if (paths.length === 0) return [];
    const has = (tool: string) => paths.some((path) => isThere(survey.root, path, tool));
    const found = used.flatMap((network) => {
      const six = hasIpv6(network.text);
      return stanzasOf(network).flatMap((stanza) => {
        const wanted = toolsFor(stanza, six) ?? [];
        const isMet = wanted.length === 0 || wanted.some((set) => set.every(has));
        if (isMet) return [];
        const words = wanted.map((set) => set.join(" and ")).join(", or ");
        return [`${stanza.type} of ${network.file} runs ${words}, which the runtime's PATH does not have`];
      });
    });
    return [...new Set(found)].map((seen) =>
      error(
        seen,
        "Install them where the runtime looks, and restart the runtime if its PATH changes; until then its pods fail, and each retry may leave an address.",
      ),
    );
  },
};

/** The sets of tools of which one is enough; null for a plugin that runs none. */
function toolsFor({ type, keys }: Stanza, six: boolean): string[][] | null {
  const iptables = ["iptables", ...(six ? ["ip6tables"] : [])];
  const masquerades = (type === "bridge" || type === "ptp") && keys.ipMasq === true;
  if (type !== "portmap" && type !== "firewall" && !masquerades) return null;
  const backend = masquerades ? keys.ipMasqBackend : keys.backend;
  if (backend === "iptables") return [iptables];
  if (backend === "nftables") return [["nft"]];
  if (type === "firewall") return backend === "firewalld" ? null : [iptables];
  return [iptables, ["nft"]];
}

/** Whether a network gives addresses of IPv6, so far as its text tells. */
function hasIpv6(text: string): boolean {
  return /"[0-9a-fA-F]{0,4}:[0-9a-fA-F:]*\/\d{1,3}"/.test(text) || /"assign_ipv6"\s*:\s*"true"/.test(text);
}

function isThere(root: Root, path: string, tool: string): boolean {
  return path
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .some((folder) => {
      try {
        accessSync(root.at(join(folder, tool)), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
