import type { LogFacts } from "../log-facts.ts";
import type { Attached, Pod } from "../pod.ts";
import type { Run } from "../runs.ts";
import type { LineNumber } from "../story.ts";
import { aboutLog, type Check, counted, inNetwork, listed, type MakeCheck, podName } from "./finding.ts";
import { cameUp } from "./what-failed.ts";

/** The list that an ADD ran with, so far as the log tells. */
interface Seen {
  readonly pod: string;
  readonly line: LineNumber;
  readonly timeMs: number | null;
  readonly cniVersion: string | null;
  /** Of the wrapped plugins, as text; null if none is wrapped. */
  readonly types: string | null;
  /** Whether the chain came to its end: else later plugins are not known. */
  readonly whole: boolean;
  /** Whether a plugin may have run before the first one that the log has. */
  readonly isTail: boolean;
}

const SEPARATOR = " -> ";

/** The network's list is other than before: a program rewrote it, and pods lack a plugin (istio#11037, linkerd2#11228). */
export const chainChanged: MakeCheck = (log, report): Check => {
  const networks = new Map<string | null, Seen[]>();
  return {
    pod: (pod: Pod) => {
      for (const attached of pod.attached) {
        const { adds, network, nested } = attached;
        for (const add of nested ? [] : adds) {
          const known = networks.get(network) ?? [];
          networks.set(network, known);
          known.push(seenIn(add, podName(pod.story), isOver(pod, attached, add, log)));
        }
      }
    },
    end: () => {
      for (const [network, seen] of networks) {
        seen.sort((one, other) => one.line - other.line);
        const versions = segments(
          seen.filter(({ cniVersion }) => cniVersion !== null),
          "cniVersion",
        );
        versions.slice(1).forEach(([first], at) => {
          const before = versions[at]?.at(-1);
          if (first && before) report(versionFinding(network, before, first));
        });
        const lists = segments(
          seen.filter((one) => one.types !== null && one.whole && !lacksHead(one, seen)),
          "types",
        );
        lists.slice(1).forEach((pods, at) => {
          const before = lists[at];
          if (before) report(typesFinding(network, before, pods));
        });
      }
    },
  };
};

/** Whether no further plugin can follow. Of wrappers alone only what came after the ADD can tell. */
function isOver(pod: Pod, attached: Attached, add: Run, log: LogFacts): boolean {
  if (add.state !== "whole") return false;
  if (add.post !== null || cameUp(pod, attached)) return true;
  return attached.dels.length === 0 && log.isStuck(add.lastMs);
}

/** Its first plugins are only missing in the log, which begins in the middle of the ADD, or they are not wrapped. */
function lacksHead({ types, isTail }: Seen, seen: readonly Seen[]): boolean {
  return isTail && seen.some((other) => other.types?.endsWith(`${SEPARATOR}${types}`));
}

function seenIn({ calls, plugins, begunMs }: Run, pod: string, whole: boolean): Seen {
  const [first] = calls;
  return {
    ...{ pod, line: first?.line ?? 0, timeMs: begunMs, whole },
    cniVersion: first?.cniVersion ?? first?.request?.cniVersion ?? null,
    types: plugins.length === 0 ? null : plugins.map(({ plugin }) => plugin).join(SEPARATOR),
    isTail: plugins[0]?.request?.prevResult !== null, // or its request is not known
  };
}

/** Cuts into parts of which all have the same. */
function segments(seen: readonly Seen[], key: "cniVersion" | "types"): Seen[][] {
  const parts: Seen[][] = [];
  for (const one of seen) {
    const last = parts.at(-1);
    if (last?.[0]?.[key] === one[key]) last?.push(one);
    else parts.push([one]);
  }
  return parts;
}

function versionFinding(network: string | null, before: Seen, first: Seen) {
  const brief = `the list's cniVersion was ${before.cniVersion} and is ${first.cniVersion}`;
  return aboutLog(network, {
    ...{ code: "chain-changed", severity: "note", brief, timeMs: first.timeMs },
    sentence: `From ${first.pod} on${inNetwork(network)} ${brief}`,
    lines: [before.line, first.line],
    advice: "If nobody meant to, look for the program that rewrote the network's file.",
  });
}

function typesFinding(network: string | null, before: readonly Seen[], pods: readonly Seen[]) {
  const [old, first] = [before.at(-1), pods[0]];
  const was = (old?.types ?? "").split(SEPARATOR);
  const is = (first?.types ?? "").split(SEPARATOR);
  const gone = was.filter((type) => !is.includes(type));
  const come = is.filter((type) => !was.includes(type));
  const lacks = (which: readonly string[], who: readonly Seen[]) =>
    which.length === 0
      ? ""
      : `; ${counted(who.length, "pod")} without ${listed(which)}: ${listed(who.map(({ pod }) => pod))}`;
  const brief = `the list's wrapped plugins were ${old?.types} and are ${first?.types}`;
  return aboutLog(network, {
    ...{ code: "chain-changed", severity: "note", timeMs: first?.timeMs ?? null },
    plugin: gone[0] ?? come[0] ?? null,
    brief,
    sentence: `From ${first?.pod} on${inNetwork(network)} ${brief}${lacks(gone, pods)}${lacks(come, before)}`,
    lines: [old?.line ?? 0, first?.line ?? 0],
    advice: "If a program rewrote the network's file, pods that lack a plugin must be made again.",
  });
}
