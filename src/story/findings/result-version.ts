import { isAdded, type Pod } from "../pod.ts";
import { readResult } from "../result.ts";
import { isWell, linesOf, type Run } from "../runs.ts";
import type { Call, LineNumber } from "../story.ts";
import { about, aboutLog, type Check, type Finding, inNetwork, type MakeCheck, podName } from "./finding.ts";

const OLDEST = "0.1.0";

/** A result of the chain or of a plugin, which the log has. */
interface Given {
  readonly plugin: string | null;
  readonly cniVersion: string | null;
  /** That of the list. */
  readonly listed: string | null;
  readonly call: Call;
  /** The call after it failed, or the pod did not come up. */
  readonly bad: boolean;
}

/**
 * A result without cniVersion, which 1.0.0's readers take for one of 0.1.0, whose addresses they lose; or one of another
 * family than the list's, which the next plugin refuses (weave#3942, containerd#6575).
 */
export const resultVersion: MakeCheck = (_log, report): Check => {
  /** Of each network that of the pod that was over first. */
  const warnings = new Map<string | null, { readonly finding: Finding; readonly lastLine: LineNumber }>();
  return {
    pod: (pod: Pod) => {
      for (const attached of pod.attached) {
        const up = isAdded(attached) || pod.run !== null;
        const { add, network } = attached;
        const all = add === null ? [] : givenIn(add, up);
        // The chain's result repeats what its plugins gave: those are named, if they are known.
        const [first] = all.filter(isWrong);
        if (first === undefined) continue;
        const { plugin, cniVersion, listed, call, bad } = first;
        const lines = linesOf({ calls: [call] });
        const whose = plugin ? `The result of ${plugin}` : "The result of the chain";
        const said = { code: "result-no-version", plugin, lines, timeMs: add?.begunMs ?? null } as const;
        if (cniVersion === null) {
          const brief = `${plugin ?? "the chain"} gave a result without cniVersion`;
          report(
            about(pod.story, network, {
              ...{ ...said, severity: "error", brief },
              sentence: `${whose} for ${podName(pod.story)}${inNetwork(network)} has no cniVersion: readers of 1.0.0 take it for 0.1.0 and lose its addresses`,
              advice: `Update ${plugin ?? "the plugin"}, or set the list's cniVersion to one that it knows, such as 0.3.1.`,
            }),
          );
          continue;
        }
        const brief = `${plugin ?? "the chain"} gave a result of version ${cniVersion} in a list of ${listed}`;
        const sentence = `${whose} for ${podName(pod.story)}${inNetwork(network)} is of version ${cniVersion}, the list of ${listed}`;
        const advice = `Update ${plugin ?? "the plugin"}, or set the list's cniVersion to ${cniVersion}.`;
        if (bad) report(about(pod.story, network, { ...said, severity: "error", brief, sentence, advice }));
        else if (pod.lastLine < (warnings.get(network)?.lastLine ?? Number.POSITIVE_INFINITY)) {
          const finding = aboutLog(network, { ...said, severity: "warning", brief, sentence, advice });
          warnings.set(network, { finding, lastLine: pod.lastLine });
        }
      }
    },
    end: () => {
      for (const { finding } of warnings.values()) report(finding);
    },
  };
};

function givenIn({ plugins, delegates, post, calls }: Run, up: boolean): Given[] {
  const wrapped = [...plugins, ...delegates.keys()].filter((call) => call.command === "ADD" && isWell(call));
  const own = wrapped.flatMap((call): Given[] => {
    const result = readResult(call.end?.output ?? null);
    if (result === null) return [];
    const next = plugins[plugins.indexOf(call) + 1];
    return [
      {
        ...{ plugin: call.plugin, cniVersion: result.cniVersion, call },
        listed: versionOf(call),
        bad: !up || (plugins.includes(call) && next?.end != null && next.end.exit !== 0),
      },
    ];
  });
  const result = readResult(post?.output ?? null);
  if (post === null || result === null) return own;
  const asked = calls.find(({ request }) => request) ?? post;
  const listed = post.format === "json" ? versionOf(post) : versionOf(asked);
  return [...own, { plugin: null, cniVersion: result.cniVersion, listed, call: post, bad: !up }];
}

/** The list's version; one without is of 0.1.0. The classic format tells it in requests only: null if there is none. */
function versionOf({ cniVersion, request, format }: Call): string | null {
  return cniVersion ?? request?.cniVersion ?? (format === "json" ? OLDEST : null);
}

/** Where the list's version is so old, its results need none. */
function isWrong({ cniVersion, listed }: Given): boolean {
  if (cniVersion === null) return listed === null || familyOf(listed) !== familyOf(OLDEST);
  return listed !== null && familyOf(cniVersion) !== familyOf(listed);
}

/** Versions whose results have the same shape. */
function familyOf(version: string): string {
  if (/^0\.[12]\./.test(version)) return "0.1";
  return /^0\.[34]\./.test(version) ? "0.3" : (version.split(".")[0] ?? "");
}
