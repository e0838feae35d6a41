import { isMembers, parseJson } from "../log/json.ts";
import { type Change, changeOf } from "./change.ts";
import { errorOf } from "./payload.ts";
import {
  type Call,
  depthOf,
  type EventSeen,
  type LineNumber,
  type PluginCall,
  type PodStory,
  type TapCall,
} from "./story.ts";

/** One entry of a pod's story. Texts are byte strings. */
export interface Moment {
  readonly line: LineNumber;
  readonly timeMs: number | null;
  /** What happened: `ADD bridge`, `bridge failed, exit 1 after 4.2 ms`. */
  readonly title: string;
  /** The attachment's interface; null for the pod's own events. */
  readonly ifname: string | null;
  /** How deep in other plugins' calls this one is: 1 for a delegate's. */
  readonly depth: number;
  readonly bad: boolean;
  /** What was said: an error object's msg, standard error, addresses, what a plugin has changed. */
  readonly notes: readonly string[];
  readonly payload: { readonly kind: "input" | "output"; readonly json: string } | null;
}

/** All of a pod's story, in the order of time; without times in that of the log. */
export function timelineOf(story: PodStory): Moment[] {
  const moments = [
    ...story.attachments.flatMap(({ ifname, calls }) =>
      calls.flatMap((call) => momentsOf(call, ifname, calls)),
    ),
    ...story.events.map(eventMoment),
  ];
  return moments.sort((one, other) =>
    one.timeMs === null || other.timeMs === null || one.timeMs === other.timeMs
      ? one.line - other.line
      : one.timeMs - other.timeMs,
  );
}

function momentsOf(call: Call, ifname: string | null, calls: readonly Call[]): Moment[] {
  return call.kind === "tap" ? [tapMoment(call, ifname)] : pluginMoments(call, ifname, depthOf(call, calls));
}

function tapMoment(call: TapCall, ifname: string | null): Moment {
  const { line, timeMs, command, tap, note } = call;
  const first = command === "DEL" ? "post" : "pre";
  const paired = command === "ADD" || command === "DEL";
  const title = paired
    ? `${command} ${tap === first ? "begins" : "has ended"}`
    : `${command}, seen by cni_${tap}`;
  const payload = payloadOf(call);
  const again = command === "DEL" && call.netns === "" ? ["the second one, without a namespace"] : [];
  return {
    ...{ line, timeMs, ifname, depth: 0, title: `${title} (cni_${tap})`, bad: note !== null, payload },
    notes: note !== null ? [note] : [...again, ...changesOf({ added: partsOf(call), removed: [] })],
  };
}

function partsOf({ output }: TapCall): readonly string[] {
  return output === null ? [] : changeOf(null, parseJson(output)).added;
}

function payloadOf({ input, output }: TapCall): Moment["payload"] {
  if (output !== null) return { kind: "output", json: output };
  return input === null ? null : { kind: "input", json: input };
}

function pluginMoments(call: PluginCall, ifname: string | null, depth: number): Moment[] {
  const { line, timeMs, plugin, command, input, end } = call;
  const payload = input === null ? null : ({ kind: "input", json: input } as const);
  const begun = {
    line,
    timeMs,
    ifname,
    depth,
    title: `${command} ${plugin}`,
    bad: false,
    notes: [],
    payload,
  };
  if (end === null) return [{ ...begun, notes: ["no end in the log: killed, or still running"] }];
  const how = end.signal === null ? `exit ${end.exit}` : `signal ${end.signal}`;
  const bad = end.exit !== 0;
  const after = `${bad ? "failed, " : ""}${how} after ${end.ms.toFixed(1)} ms`;
  return [
    begun,
    {
      ...{ line: end.line, timeMs: end.timeMs, ifname, depth, title: `${command} ${plugin}: ${after}`, bad },
      notes: [...errorOf(end.output), ...saidOf(end.stderr), ...(bad ? [] : changesOf(changeBy(call)))],
      payload: end.output === "null" ? null : { kind: "output", json: end.output },
    },
  ];
}

/** What a plugin's ADD made of the result before it. */
function changeBy({ command, input, end }: PluginCall): Change {
  if (command !== "ADD" || end === null) return { added: [], removed: [] };
  const request = input === null ? null : parseJson(input);
  const before = isMembers(request) ? request.prevResult : null;
  return changeOf(before, parseJson(end.output));
}

function changesOf({ added, removed }: Change): string[] {
  const say = (what: string, parts: readonly string[]) =>
    parts.length > 0 ? [`${what} ${parts.join(", ")}`] : [];
  return [...say("+", added), ...say("-", removed)];
}

function saidOf(stderr: string | null): string[] {
  return stderr === null
    ? []
    : stderr
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => `stderr: ${line}`);
}

function eventMoment({ line, timeMs, event, netns, ips }: EventSeen): Moment {
  const place = netns === "" ? ["on the host's network"] : [];
  const addresses = ips.length > 0 ? [`IPs ${ips.join(", ")}`] : [];
  return {
    ...{ line, timeMs, title: `NRI ${event}`, ifname: null, depth: 0, bad: event === "Vanished" },
    ...{ notes: [...place, ...addresses], payload: null },
  };
}
