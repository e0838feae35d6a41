import type { PortmapRules } from "../portmap-rules.ts";
import { nodeCheck, nodeFinding } from "./node-finding.ts";

/** portmap's rules of a pod that is gone still take the traffic of its host ports (rke#2999, plugins#683). */
export const hostportStale = nodeCheck(
  ({ facts, lives }) =>
    [...rulesOf(facts.rules)]
      .filter(([id]) => lives.isGone(id))
      .map(([id, commands]) => ({ key: id, id, commands })),
  (stale, { lives }) =>
    stale.map(({ id, commands }) =>
      nodeFinding({
        ...{ code: "hostport-stale", severity: "warning", containerId: id, plugin: "portmap" },
        pod: lives.podOf(id),
        brief: "portmap's rules of a pod that is gone still take its host ports",
        sentence: `portmap's rules of ${lives.nameOf(id)}, which is gone, still take its host ports: another pod with such a port gets no traffic`,
        advice: `${commands.join(" && ")}: nothing is lost but those rules.`,
      }),
    ),
);

/** The commands against the rules of each ID, of all tools. */
function rulesOf(rules: PortmapRules | null): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const some of rules === null ? [] : [rules.ip4, rules.ip6, rules.nft])
    for (const [id, commands] of some ?? []) all.set(id, [...(all.get(id) ?? []), ...commands]);
  return all;
}
