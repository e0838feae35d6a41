import type { LogFacts } from "../log-facts.ts";
import type { Attached, Pod } from "../pod.ts";
import { Rows } from "../rows.ts";
import type { Run } from "../runs.ts";
import type { LineNumber } from "../story.ts";
import { Names } from "../texts.ts";
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
/** Columns. */
const [LINE, VERSION, TYPES, FLAGS] = [1, 3, 4, 5];

/** The network's list is other than before: a program rewrote it, and pods lack a plugin (istio#11037, linkerd2#11228). */
export const chainChanged: MakeCheck = (log, report): Check => {
  const { roster } = log;
  const networks = new Names();
  const texts = new Names();
  /** Of each network: who, line, time, cniVersion, types, and what of a Seen is true or false. */
  const rowsOf: Rows[] = [];
  const seenAt = (rows: Rows, row: number): Seen => {
    const [timeMs, flags] = [rows.get(row, 2), rows.get(row, FLAGS)];
    return {
      ...{ pod: podName(roster.get(rows.get(row, 0))), line: rows.get(row, LINE) },
      ...{ timeMs: Number.isNaN(timeMs) ? null : timeMs, types: texts.nameOf(rows.get(row, TYPES)) },
      ...{ cniVersion: texts.nameOf(rows.get(row, VERSION)), whole: (flags & 1) !== 0 },
      isTail: (flags & 2) !== 0,
    };
  };
  return {
    pod: (pod: Pod) => {
      for (const attached of pod.attached) {
        const { adds, network, nested } = attached;
        for (const add of nested ? [] : adds) {
          const { line, timeMs, cniVersion, types, isTail } = seenIn(add);
          const flags = (isOver(pod, attached, add, log) ? 1 : 0) + (isTail ? 2 : 0);
          const at = networks.numberOf(network);
          rowsOf[at] ??= new Rows(6);
          rowsOf[at].add([
            roster.add(pod.who),
            line,
            timeMs ?? Number.NaN,
            texts.numberOf(cniVersion),
            texts.numberOf(types),
            flags,
          ]);
        }
      }
    },
    end: () => {
      const none = texts.numberOf(null);
      rowsOf.forEach((rows, number) => {
        const network = networks.nameOf(number);
        const order = rows.sortedBy(LINE);
        const firstOf = (part: Uint32Array) => seenAt(rows, part[0] ?? 0);
        const lastOf = (part: Uint32Array) => seenAt(rows, part.at(-1) ?? 0);
        const names = (part: Uint32Array) => Array.from(part, (row) => seenAt(rows, row).pod);
        const versions = segments(
          order.filter((row) => rows.get(row, VERSION) !== none),
          (row) => rows.get(row, VERSION),
        );
        versions.slice(1).forEach((part, at) => {
          const before = versions[at];
          if (before) report(versionFinding(network, lastOf(before), firstOf(part)));
        });
        const headless = headlessOf(rows, order, texts);
        const lists = segments(
          order.filter((row) => {
            const [types, flags] = [rows.get(row, TYPES), rows.get(row, FLAGS)];
            return types !== none && (flags & 1) !== 0 && !((flags & 2) !== 0 && headless.has(types));
          }),
          (row) => rows.get(row, TYPES),
        );
        lists.slice(1).forEach((part, at) => {
          const before = lists[at];
          if (before)
            report(
              typesFinding(network, lastOf(before), firstOf(part), [() => names(before), () => names(part)]),
            );
        });
      });
    },
  };
};

/** Whether no further plugin can follow. Of wrappers alone only what came after the ADD can tell. */
function isOver(pod: Pod, attached: Attached, add: Run, log: LogFacts): boolean {
  if (add.state !== "whole") return false;
  if (add.post !== null || cameUp(pod, attached)) return true;
  return attached.dels.length === 0 && log.isStuck(add.lastMs);
}

/** Lists that are the end of another one: of a log that begins in the middle of an ADD, or of plugins that are not wrapped. */
function headlessOf(rows: Rows, order: Uint32Array, texts: Names): Set<number> {
  const types = [...new Set(Array.from(order, (row) => rows.get(row, TYPES)))];
  return new Set(
    types.filter((one) =>
      types.some((other) => texts.nameOf(other)?.endsWith(`${SEPARATOR}${texts.nameOf(one)}`)),
    ),
  );
}

function seenIn({ calls, plugins, begunMs }: Run): Omit<Seen, "pod" | "whole"> {
  const [first] = calls;
  return {
    ...{ line: first?.line ?? 0, timeMs: begunMs },
    cniVersion: first?.cniVersion ?? first?.request?.cniVersion ?? null,
    types: plugins.length === 0 ? null : plugins.map(({ plugin }) => plugin).join(SEPARATOR),
    isTail: plugins[0]?.request?.prevResult !== null, // or its request is not known
  };
}

/** Cuts rows into parts of which all have the same. */
function segments(rows: Uint32Array, of: (row: number) => number): Uint32Array[] {
  const parts: Uint32Array[] = [];
  let from = 0;
  rows.forEach((row, at) => {
    const next = rows[at + 1];
    if (next !== undefined && of(next) === of(row)) return;
    parts.push(rows.subarray(from, at + 1));
    from = at + 1;
  });
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

/** @param pods the names of those before the change, and of those from it on */
function typesFinding(
  network: string | null,
  old: Seen,
  first: Seen,
  [before, after]: readonly [() => string[], () => string[]],
) {
  const was = (old.types ?? "").split(SEPARATOR);
  const is = (first.types ?? "").split(SEPARATOR);
  const gone = was.filter((type) => !is.includes(type));
  const come = is.filter((type) => !was.includes(type));
  const lacks = (which: readonly string[], pods: () => string[]) => {
    if (which.length === 0) return "";
    const names = pods();
    return `; ${counted(names.length, "pod")} without ${listed(which)}: ${listed(names)}`;
  };
  const brief = `the list's wrapped plugins were ${old.types} and are ${first.types}`;
  return aboutLog(network, {
    ...{ code: "chain-changed", severity: "note", timeMs: first.timeMs },
    plugin: gone[0] ?? come[0] ?? null,
    brief,
    sentence: `From ${first.pod} on${inNetwork(network)} ${brief}${lacks(gone, after)}${lacks(come, before)}`,
    lines: [old.line, first.line],
    advice: "If a program rewrote the network's file, pods that lack a plugin must be made again.",
  });
}
