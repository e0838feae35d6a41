import type { Sources } from "../log-facts.ts";

/** What a log must have for a finding, and how that is said. */
interface Need {
  readonly has: (sources: Sources) => boolean;
  readonly words: string;
}

const TAPS: Need = { has: ({ pre, post, wrap }) => pre || post || wrap, words: "lines of taps" };
const RESULTS: Need = { has: ({ post, wrap }) => post || wrap, words: "cni_post or cni_wrap" };
const WRAP: Need = { has: ({ wrap }) => wrap, words: "cni_wrap" };
const BOTH: Need = {
  has: ({ pre, post, wrap }) => (pre && post) || wrap,
  words: "cni_pre with cni_post, or cni_wrap",
};
const WHOLE_DELS: Need = {
  has: ({ pre, post, wrap, json }) => (pre && post && json) || wrap,
  words: "cni_pre with cni_post in the json format, or cni_wrap",
};
const TIMES: Need = {
  has: ({ json, ...sources }) => json && BOTH.has(sources as Sources),
  words: "the json format, with cni_pre and cni_post or with cni_wrap",
};
const REQUESTS: Need = { has: BOTH.has, words: BOTH.words };
const JSON_RESULTS: Need = {
  has: (sources) => sources.json && RESULTS.has(sources),
  words: "the json format, with cni_post or cni_wrap",
};
const NAMES: Need = {
  has: (sources) => TAPS.has(sources) && (sources.json || sources.observer),
  words: "the json format or the observer",
};
const OBSERVED: Need = {
  has: (sources) => sources.observer && RESULTS.has(sources),
  words: "the observer, with cni_post or cni_wrap",
};
const OBSERVED_TIMES: Need = {
  has: (sources) => sources.json && OBSERVED.has(sources),
  words: "the observer in the json format, with cni_post or cni_wrap",
};

/** All findings of a log, those first that people need most, and what each needs. */
export const CODES = {
  "add-failed": BOTH,
  "plugin-died": WRAP,
  "call-killed": WRAP,
  "empty-result": WRAP,
  "quiet-failure": WRAP,
  "inner-del-failed": WHOLE_DELS,
  stranded: WHOLE_DELS,
  leak: OBSERVED_TIMES,
  "duplicate-ip": RESULTS,
  "ip-mismatch": OBSERVED,
  slow: TIMES,
  untapped: OBSERVED_TIMES,
  "result-no-version": RESULTS,
  "result-no-interface": RESULTS,
  "result-ifname": JSON_RESULTS,
  "result-gateway": RESULTS,
  "result-family": RESULTS,
  "result-lost": WRAP,
  "late-del": NAMES,
  "delegate-left": WRAP,
  "del-differs": REQUESTS,
  "del-without-add": TAPS,
  "chain-changed": TAPS,
  "lines-lost": TAPS,
  "torn-line": { has: () => true, words: "" },
  "mixed-versions": { has: ({ json }) => json, words: "the json format" },
} as const satisfies Record<string, Need>;

export type Code = keyof typeof CODES;

/** The codes that a log's sources do not allow, by what they would need. */
export function missingCodes(sources: Sources): ReadonlyMap<string, readonly Code[]> {
  const missing = new Map<string, Code[]>();
  for (const [code, { has, words }] of Object.entries(CODES) as [Code, Need][])
    if (!has(sources)) missing.set(words, [...(missing.get(words) ?? []), code]);
  return missing;
}
