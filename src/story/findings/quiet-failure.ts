import type { Pod } from "../pod.ts";
import { readOutput } from "../result.ts";
import { isEmptyResult, linesOf } from "../runs.ts";
import type { PluginEnded, PodStory } from "../story.ts";
import { aboutAttached, type Check, inNetwork, type MakeCheck, podName } from "./finding.ts";

/** A plugin said that all is well, but its words speak of a failure: an address may be lost (weave#3587). */
export const quietFailure: MakeCheck = (_log, report): Check => ({
  pod: ({ story, attached: all }: Pod) => {
    for (const attached of all)
      for (const { calls } of attached.runs)
        for (const call of calls) {
          if (call.kind !== "plugin" || call.end === null || call.end.exit !== 0 || isEmptyResult(call))
            continue;
          const { error, text } = readOutput(call.end.output);
          if (call.end.stderr === null && error === null && text === null) continue;
          const names = namesOf(story, attached.network, call.netns);
          const words = outputWords(call.end, names) ?? stderrWords(call.end, names);
          if (words === null) continue;
          report(
            aboutAttached(attached, {
              ...{ code: "quiet-failure", severity: "warning", timeMs: call.timeMs, plugin: call.plugin },
              brief: `${call.plugin} ended its ${call.command} with exit code 0, but said: ${words}`,
              sentence: `${call.plugin} ended the ${call.command} of ${podName(story)}${inNetwork(attached.network)} with exit code 0, but said: ${words}`,
              lines: linesOf({ calls: [call] }),
              advice:
                call.command === "DEL"
                  ? `See whether ${call.plugin} has given back what the pod had: the runtime will not ask again.`
                  : `See whether the pod has all of its network: ${call.plugin} did not report this to the runtime.`,
            }),
          );
        }
  },
});

const FAILURE = /error|fail|refused|denied|timed out|no such/i;
/** What has such a word and says the contrary. */
const ASIDES = [
  /["']?\b(?:err|errors?|failures?|failed)["']?\s*[=:]\s*(?:<nil>|nil|null|none|false|0\b|""|\[\]|\{\})/gi,
  /\b(?:no|0|zero|without(?: any)?) (?:errors?|failures?|failed)\b/gi,
];
const MOST_WORDS = 300;

/** Names of the pod, which may have such words. */
function namesOf(
  { namespace, name, containerId, uid }: PodStory,
  network: string | null,
  netns: string | null,
) {
  const names = [netns, containerId, uid, name, namespace, network];
  return names
    .filter((one) => one !== null && one !== "")
    .sort((one, other) => (other?.length ?? 0) - (one?.length ?? 0)) as string[];
}

function speaksOfFailure(text: string, names: readonly string[]): boolean {
  const bare = names.reduce((rest, name) => rest.replaceAll(name, " "), text);
  return FAILURE.test(ASIDES.reduce((rest, aside) => rest.replaceAll(aside, " "), bare));
}

function outputWords({ output }: PluginEnded, names: readonly string[]): string | null {
  const { text, error } = readOutput(output);
  if (error) return `code ${error.code}: ${error.msg}`;
  return text !== null && speaksOfFailure(text, names) ? shortened(text) : null;
}

function stderrWords({ stderr }: PluginEnded, names: readonly string[]): string | null {
  const lines = (stderr ?? "").split(/\r?\n/);
  const line = lines.find((one) => !isHarmlessLevel(levelOf(one)) && speaksOfFailure(one, names));
  return line === undefined ? null : shortened(line.trim());
}

function shortened(text: string): string {
  return text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)}...` : text;
}

function isHarmlessLevel(level: string | null): boolean {
  return level !== null && /^(?:trace|debug|info|notice|warn|i$)/i.test(level);
}

const LEVELS = "trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|panic|crit(?:ical)?|dpanic";
/** How the levels of lines are written: logrus and slog, JSON, klog, and a word of its own near the beginning. */
const LEVEL_STYLES = [
  new RegExp(String.raw`\blevel=["']?(${LEVELS})\b`, "i"),
  new RegExp(String.raw`["'](?:level|severity|lvl)["']\s*:\s*["'](${LEVELS})["']`, "i"),
  /^([IWEF])\d{4} \d\d:\d\d:\d\d/,
  new RegExp(String.raw`^(?:[\dT:.,+/Z-]+\s+){0,3}\[?(${LEVELS})\]?(?=[\s:\[]|$)`, "i"),
];

/** The level of a line of a log; null if it has none. */
function levelOf(line: string): string | null {
  for (const style of LEVEL_STYLES) {
    const level = style.exec(line)?.[1];
    if (level !== undefined) return level === "W" ? "warn" : level;
  }
  return null;
}
