import { encodeUtf8 } from "../../log/byte-string.ts";
import type { Finding, Severity } from "../../story/findings/finding.ts";
import type { LineNumber } from "../../story/story.ts";
import type { NodeFacts, PodName } from "../facts.ts";
import type { Lives } from "../lives.ts";
import type { LogPods } from "../log-pods.ts";
import type { NodeCode } from "./codes.ts";

export type NodeFinding = Finding<NodeCode>;

/** What a check is given: one look, and who is alive at it. */
export interface Look {
  readonly facts: NodeFacts;
  readonly lives: Lives;
  readonly log: LogPods;
}

/** Something that looks wrong. It is said if it is seen at both looks: then its key is the same. */
export interface Suspect {
  readonly key: string;
}

/** Judges one look, or two: of two, only what is seen at both. */
export type NodeCheck = (looks: readonly Look[]) => NodeFinding[];

/** What looks wrong at all looks, as the last one shows it. */
export function confirmed<S extends Suspect>(
  find: (look: Look) => readonly S[],
  looks: readonly Look[],
): readonly S[] {
  const last = looks.at(-1);
  if (last === undefined) return [];
  const earlier = looks.slice(0, -1).map((look) => new Set(find(look).map(({ key }) => key)));
  return find(last).filter(({ key }) => earlier.every((keys) => keys.has(key)));
}

/**
 * Makes a check.
 * @param find what looks wrong at one look
 * @param say what is said of what was seen at all looks, in the words of the last one
 */
export function nodeCheck<S extends Suspect>(
  find: (look: Look) => readonly S[],
  say: (suspects: readonly S[], look: Look) => readonly NodeFinding[],
): NodeCheck {
  return (looks) => {
    const last = looks.at(-1);
    const seen = confirmed(find, looks);
    return last === undefined || seen.length === 0 ? [] : [...say(seen, last)];
  };
}

/** What is said, in plain strings. */
export interface Said {
  readonly code: NodeCode;
  readonly severity: Severity;
  readonly containerId?: string | null;
  readonly pod?: PodName | null;
  readonly network?: string | null;
  readonly plugin?: string;
  /** What is wrong, without the pod: findings of which it is the same are shown as one. */
  readonly brief: string;
  readonly sentence: string;
  readonly lines?: readonly LineNumber[];
  readonly files?: readonly string[];
  readonly advice: string;
}

const bytesOrNull = (text: string | null | undefined) => (text == null ? null : encodeUtf8(text));

/** A finding, whose texts are byte strings. */
export function nodeFinding(said: Said): NodeFinding {
  const { code, severity, containerId, pod, network, plugin, brief, sentence, lines, files, advice } = said;
  return {
    ...{ code, severity, containerId: bytesOrNull(containerId), namespace: bytesOrNull(pod?.namespace) },
    ...{ name: bytesOrNull(pod?.name), network: bytesOrNull(network), plugin: bytesOrNull(plugin) },
    ...{ brief: encodeUtf8(brief), sentence: encodeUtf8(sentence), lines: lines ?? [] },
    ...{ files: (files ?? []).map(encodeUtf8), advice: encodeUtf8(advice), timeMs: null },
  };
}

/** An argument as a shell takes it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** ` of network calico-net`, or nothing where it is not known. */
export function ofNetwork(network: string | null): string {
  return network === null ? "" : ` of network ${network}`;
}

/** The command that lets a pod be made again. */
export function deletePod({ namespace, name }: PodName): string {
  return `kubectl -n ${quoted(namespace)} delete pod ${quoted(name)}`;
}
