import type { NodeFacts } from "../facts.ts";
import type { Lives } from "../lives.ts";

/** What a look must have for a finding, and how that is said. */
interface Need {
  readonly has: (facts: NodeFacts, lives: Lives) => boolean;
  readonly words: string;
}

const ANYTHING: Need = { has: () => true, words: "" };
const LIVES: Need = {
  has: (_facts, lives) => lives.canTell,
  words: "network namespaces to be seen, or an answer of the runtime beside the node's processes",
};
const RULES: Need = {
  has: ({ rules }) => rules !== null && (rules.ip4 !== null || rules.nft !== null),
  words: "iptables-save or nft, as root in the node's network namespace",
};
const LIVES_AND_RULES: Need = {
  has: (facts, lives) => LIVES.has(facts, lives) && RULES.has(facts, lives),
  words: `${RULES.words}, and who is alive`,
};
const ADDRESSES: Need = { has: ({ hostAddresses }) => hostAddresses !== null, words: "the node's /proc" };
const RUNTIME: Need = {
  has: ({ runtime }, { seesProcesses }) => runtime !== null && seesProcesses,
  words: "an answer of the runtime, and the node's processes",
};

/** All findings of a node, those first that people need most, and what each needs. `leak` is the log's, too. */
export const NODE_CODES = {
  "cache-broken": ANYTHING,
  leak: LIVES,
  "ipam-full": ANYTHING,
  "ipam-empty": ANYTHING,
  "hostport-missing": RULES,
  "result-host-ip": ADDRESSES,
  "ipam-stale": LIVES,
  "hostport-stale": LIVES_AND_RULES,
  "netns-left": RUNTIME,
  "cache-orphan": LIVES,
} as const satisfies Record<string, Need>;

export type NodeCode = keyof typeof NODE_CODES;

/** The codes that a look does not allow, by what they would need. */
export function missingNodeCodes(facts: NodeFacts, lives: Lives): ReadonlyMap<string, readonly NodeCode[]> {
  const missing = new Map<string, NodeCode[]>();
  for (const [code, { has, words }] of Object.entries(NODE_CODES) as [NodeCode, Need][])
    if (!has(facts, lives)) missing.set(words, [...(missing.get(words) ?? []), code]);
  return missing;
}
