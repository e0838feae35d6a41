import { isMembers, objectsOf, parseJson } from "../log/json.ts";

/** By container ID, the commands that take portmap's rules away; null where the tool for them could not be asked. */
export interface PortmapRules {
  readonly ip4: RulesById | null;
  readonly ip6: RulesById | null;
  readonly nft: RulesById | null;
}

export type RulesById = ReadonlyMap<string, readonly string[]>;

/** portmap's comment on a DNAT rule, as iptables-save quotes it, and the pod's own chain that it jumps to. */
const RULE =
  /^-A (CNI-HOSTPORT-DNAT .*--comment "dnat name: \\"[\w.-]*\\" id: \\"([\w.-]+)\\"" .*-j (CNI-DN-\w+))$/;
/** What a shell takes as it stands, with the quotes of a comment. */
const PLAIN = /^[\w\s.,:/="\\!-]*$/;

/**
 * The DNAT rules that portmap has made, in the output of iptables-save or ip6tables-save. A comment that was cut because it
 * was too long has no ID.
 * @param tool "iptables" or "ip6tables"
 */
export function readIptablesRules(text: string, tool: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, rule = "", id, chain = ""] = RULE.exec(line) ?? [];
    if (id === undefined || !PLAIN.test(rule)) continue;
    const commands = [`-D ${rule}`, `-F ${chain}`, `-X ${chain}`].map((words) => `${tool} -t nat ${words}`);
    found.set(id, [...(found.get(id) ?? []), ...commands]);
  }
  return found;
}

const CHAINS = ["hostports", "hostip_hostports", "masquerading"];

/** The same in `nft -j list ruleset`: rules of the table cni_hostport have the ID as their comment. Null: it is none. */
export function readNftRules(text: string): Map<string, string[]> | null {
  const value = parseJson(text);
  if (!isMembers(value) || !Array.isArray(value.nftables)) return null;
  const found = new Map<string, string[]>();
  for (const { rule } of objectsOf(value.nftables)) {
    if (!isMembers(rule) || rule.table !== "cni_hostport") continue;
    const { comment, chain, family, handle } = rule;
    if (typeof comment !== "string" || typeof chain !== "string" || !CHAINS.includes(chain)) continue;
    const command = `nft delete rule ${family} cni_hostport ${chain} handle ${handle}`;
    found.set(comment, [...(found.get(comment) ?? []), command]);
  }
  return found;
}
