import { orderOf } from "../del-order.ts";
import { isAdded, isWhole, type Pod, type Who } from "../pod.ts";
import { Rows } from "../rows.ts";
import type { LineNumber } from "../story.ts";
import { hashOf, Names } from "../texts.ts";
import { about, type Check, type Finding, type MakeCheck, podName, shownMs } from "./finding.ts";

/** One sandbox of a pod. In the classic format lines stand for times. */
interface Sandbox {
  readonly who: Who;
  /** The pods that were over first come first. */
  readonly lastLine: LineNumber;
  readonly network: string | null;
  readonly timed: boolean;
  /** When its first ADD began; null if the log does not have it. */
  readonly added: number | null;
  readonly addLine: LineNumber;
  /** When its first whole DEL began. */
  readonly deleted: number | null;
  readonly delLine: LineNumber;
}

/** The DEL of a pod's older sandbox comes after the ADD of its newer one, and takes what is the newer one's (calico#4710). */
export const lateDel: MakeCheck = ({ roster }, report): Check => {
  /** A hash of the name, and the members of Sandbox. */
  const rows = new Rows(9);
  const networks = new Names();
  const sandboxAt = (row: number): Sandbox => {
    const [added, deleted] = [rows.get(row, 5), rows.get(row, 7)];
    return {
      ...{ who: roster.get(rows.get(row, 1)), lastLine: rows.get(row, 2), timed: rows.get(row, 4) === 1 },
      ...{ network: networks.nameOf(rows.get(row, 3)), added: Number.isNaN(added) ? null : added },
      ...{ addLine: rows.get(row, 6), deleted: Number.isNaN(deleted) ? null : deleted },
      delLine: rows.get(row, 8),
    };
  };
  return {
    pod: (pod: Pod) => {
      const { namespace, name } = pod.story;
      if (name === null) return;
      const sandbox = sandboxOf(pod);
      if (sandbox === null) return;
      const { who, lastLine, network, timed, added, addLine, deleted, delLine } = sandbox;
      rows.add([
        hashOf(name, hashOf(namespace ?? "")),
        roster.add(who),
        lastLine,
        networks.numberOf(network),
        timed ? 1 : 0,
        added ?? Number.NaN,
        addLine,
        deleted ?? Number.NaN,
        delLine,
      ]);
    },
    end: () => {
      const found = rows.findAmongSame(0, ([...alike]) => [...byName(alike.map(sandboxAt))].flatMap(lateIn));
      for (const finding of found) report(finding);
    },
  };
};

function lateIn(sandboxes: readonly Sandbox[]): Finding[] {
  const ordered = [...sandboxes].sort((one, other) => one.lastLine - other.lastLine);
  return ordered.flatMap((older) => {
    const newer = ordered.find((one) => isLate(older, one));
    return newer ? [findingOf(older, newer)] : [];
  });
}

function byName(sandboxes: readonly Sandbox[]): Iterable<Sandbox[]> {
  const pods = new Map<string, Sandbox[]>();
  for (const sandbox of sandboxes) {
    const key = JSON.stringify([sandbox.who.namespace, sandbox.who.name]);
    const others = pods.get(key);
    if (others) others.push(sandbox);
    else pods.set(key, [sandbox]);
  }
  return pods.values();
}

function sandboxOf({ attached, who, lastLine }: Pod): Sandbox | null {
  const all = attached.filter(({ nested }) => !nested);
  const add = all.find(({ adds }) => adds.length > 0)?.adds[0] ?? null;
  const dels = all.flatMap((one) => one.dels.filter(isWhole).slice(0, 1));
  const [del = null] = dels;
  if (add === null && del === null) return null;
  // Without its ADD it may be the second DEL, which has no namespace, of a first one before the log.
  if (add === null && !del?.netns) return null;
  // Nor is it the first one where that was lost.
  const added = all.some(isAdded);
  if (del && orderOf(del, added) === "second") return null;
  const timed = (add ?? del)?.begunMs !== null;
  const at = (run: typeof add) => (run === null ? null : timed ? run.begunMs : (run.calls[0]?.line ?? null));
  return {
    ...{ who, lastLine, network: all[0]?.network ?? null, timed },
    ...{
      added: at(add),
      addLine: add?.calls[0]?.line ?? 0,
      deleted: at(del),
      delLine: del?.calls[0]?.line ?? 0,
    },
  };
}

function isLate(older: Sandbox, newer: Sandbox): boolean {
  if (older === newer || older.timed !== newer.timed || newer.added === null || older.deleted === null)
    return false;
  if (older.who.containerId === newer.who.containerId) return false;
  return (older.added === null || older.added < newer.added) && older.deleted > newer.added;
}

function findingOf(older: Sandbox, newer: Sandbox) {
  const { who, network, timed, deleted } = older;
  const after = timed ? shownMs((deleted ?? 0) - (newer.added ?? 0)) : null;
  const ids = `${who.containerId.slice(0, 12)} came ${after === null ? "" : `${after} `}after the ADD of its newer one ${newer.who.containerId.slice(0, 12)}`;
  return about(who, network, {
    ...{ code: "late-del", severity: "warning", timeMs: timed ? deleted : null },
    brief: "the DEL of an older sandbox came after the ADD of the newer one",
    sentence: `The DEL of ${podName(who)}'s older sandbox ${ids}`,
    lines: [newer.addLine, older.delLine],
    absence: [older.added === null ? 0 : newer.addLine, older.delLine],
    advice:
      "A plugin that goes by the pod's name, not by the sandbox, may have taken the newer one's address or records: see whether the pod has its network.",
  });
}
