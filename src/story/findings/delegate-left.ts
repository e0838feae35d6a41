import { type Attached, isAdded, type Pod } from "../pod.ts";
import { encloses, isWell, linesOf, type Run } from "../runs.ts";
import type { LineNumber, PluginCall } from "../story.ts";
import { aboutAttached, type Check, type Finding, inNetwork, type MakeCheck, podName } from "./finding.ts";

interface Candidate {
  readonly finding: Finding;
  readonly plugin: string;
  readonly afterLine: LineNumber;
}

/** A plugin's DEL ended well and never called the delegate that its ADD had called (multus#891). */
export const delegateLeft: MakeCheck = (_log, report): Check => {
  const candidates: Candidate[] = [];
  /** The last line of each delegate: one that is not seen any more may not be wrapped any more. */
  const seen = new Map<string, LineNumber>();
  return {
    pod: (pod: Pod) => {
      for (const attached of pod.attached) {
        const inner = attached.runs.flatMap((run) => [
          ...run.delegates.keys(),
          ...(attached.nested ? run.plugins : []),
        ]);
        for (const { plugin, line } of inner) seen.set(plugin, Math.max(seen.get(plugin) ?? 0, line));
        for (const found of [...ownDelegates(attached), ...nestedDelegates(pod, attached)])
          candidates.push(found);
      }
    },
    end: () => {
      for (const { finding, plugin, afterLine } of candidates)
        if ((seen.get(plugin) ?? 0) > afterLine) report(finding);
    },
  };
};

/** Of delegates of the same attachment, such as an IPAM plugin. */
function ownDelegates(attached: Attached): Candidate[] {
  const { add, dels } = attached;
  if (add === null || !isAdded(attached)) return [];
  return [...add.delegates].flatMap(([call, caller]) => {
    if (call.command !== "ADD" || !isWell(call) || hasDel(attached, call.plugin)) return [];
    const del = lastDel(dels, caller.plugin);
    return del === null ? [] : [candidateOf(attached, call, caller, del)];
  });
}

/** Of delegates with networks of their own, as Multus has them. */
function nestedDelegates(pod: Pod, attached: Attached): Candidate[] {
  const { nested, add, dels } = attached;
  if (!nested || !isAdded(attached) || add === null || dels.length > 0) return [];
  const [begin] = add.calls;
  for (const outer of pod.attached) {
    const caller = outer.add?.plugins.find(
      (call) => call.request?.meta && begin !== undefined && encloses(call, begin),
    );
    const del = caller ? lastDel(outer.dels, caller.plugin) : null;
    const [first] = add.plugins;
    if (caller && del && first) return [candidateOf(attached, first, caller, del)];
  }
  return [];
}

function hasDel({ runs }: Attached, plugin: string): boolean {
  return runs.some(({ calls }) =>
    calls.some((call) => call.kind === "plugin" && call.plugin === plugin && call.command === "DEL"),
  );
}

/** The last DEL of a plugin, if that ended well. */
function lastDel(dels: readonly Run[], plugin: string): PluginCall | null {
  const calls = dels.flatMap(({ plugins, delegates }) => [...plugins, ...delegates.keys()]);
  const last = calls.findLast((call) => call.plugin === plugin && call.command === "DEL");
  return last && isWell(last) ? last : null;
}

function candidateOf(attached: Attached, call: PluginCall, caller: PluginCall, del: PluginCall): Candidate {
  const { plugin } = call;
  const finding = aboutAttached(attached, {
    ...{ code: "delegate-left", severity: "warning", plugin, timeMs: del.timeMs },
    brief: `${caller.plugin} ended its DEL well, but never called ${plugin}, which its ADD had called`,
    sentence: `${caller.plugin} ended the DEL of ${podName(attached.pod)}${inNetwork(attached.network)} well, but never called ${plugin}, which its ADD had called`,
    lines: [...linesOf({ calls: [call] }), ...linesOf({ calls: [del] })],
    absence: [del.line, del.end?.line ?? del.line],
    advice: `What ${plugin} gave may still be held. ${caller.plugin} may have lost its own record of the pod, as after a reboot. If cnitap was installed without --delegates when the pod ended, only the log lacks the call.`,
  });
  return { finding, plugin, afterLine: del.end?.line ?? del.line };
}
