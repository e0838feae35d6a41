import { encloses, isWell, type NetworkTaps, type Run, runsOf } from "./runs.ts";
import {
  type Attachment,
  type EventSeen,
  type LineNumber,
  lastLineOf,
  type PluginCall,
  type PodStory,
} from "./story.ts";

/** A pod's story, read: what findings are made of. */
export interface Pod {
  readonly story: PodStory;
  /** Who it is: all that is kept of a pod to the log's end. */
  readonly who: Who;
  readonly lastLine: LineNumber;
  readonly attached: readonly Attached[];
  /** When the runtime told that it runs. */
  readonly run: EventSeen | null;
  /** When the observer told that it is gone: removed, or vanished. */
  readonly gone: EventSeen | null;
}

export type Who = Pick<PodStory, "containerId" | "namespace" | "name">;

/** An attachment and the runs of its chain. */
export interface Attached {
  readonly pod: PodStory;
  readonly ifname: string | null;
  readonly network: string | null;
  /** It was made by a plugin of another network, as Multus does. */
  readonly nested: boolean;
  readonly runs: readonly Run[];
  readonly adds: readonly Run[];
  readonly dels: readonly Run[];
  /** The ADD that counts: the last whole one, else the last one. */
  readonly add: Run | null;
}

/**
 * Whether a pod is gone, and all of its calls went well and have all of their lines: then nothing that the log tells later can
 * change what is to be said of it.
 */
export function isSettled({ story, attached }: Pod): boolean {
  return attached.every(
    ({ runs, add, dels }) =>
      runs.every(isSound) &&
      (story.resumed || (add?.state === "whole" && dels.some((del) => firstLine(del) > firstLine(add)))),
  );
}

function firstLine({ calls }: Run): LineNumber {
  return calls[0]?.line ?? 0;
}

/** Whether a run has its end, and its own lines alone tell that. */
function isSound({ state, command, calls, pre, post }: Run): boolean {
  if (state !== "whole") return false;
  const end = command === "DEL" ? pre : post;
  return calls.every((call) => (call.kind === "tap" ? end !== null && call.note === null : isWell(call)));
}

/** Whether the ADD is in the log and came to its end. */
export function isAdded({ add }: Attached): boolean {
  return add?.state === "whole";
}

/** Whether a DEL took place, so far as the log can tell. */
export function isWhole({ state }: Run): boolean {
  return state === "whole" || state === "unknown";
}

export function readPod(story: PodStory, tapsOf: (network: string | null) => NetworkTaps): Pod {
  const saw = (...events: readonly string[]) =>
    story.events.find(({ event }) => events.includes(event)) ?? null;
  const metas: Meta[] = [];
  for (const attachment of story.attachments)
    for (const call of attachment.calls)
      if (call.kind === "plugin" && call.request?.meta && call.end) metas.push({ attachment, call });
  const { containerId, namespace, name } = story;
  return {
    story,
    who: { containerId, namespace, name },
    lastLine: lastLineOf(story),
    attached: story.attachments.map((one) => readAttachment(story, one, metas, tapsOf(one.network))),
    run: saw("RunPodSandbox"),
    gone: saw("RemovePodSandbox", "Vanished"),
  };
}

interface Meta {
  readonly attachment: Attachment;
  readonly call: PluginCall;
}

function readAttachment(
  story: PodStory,
  attachment: Attachment,
  metas: readonly Meta[],
  taps: NetworkTaps,
): Attached {
  const [first] = attachment.calls;
  const runs = runsOf(attachment, taps);
  const adds = runs.filter(({ command }) => command === "ADD");
  return {
    ...{ pod: story, ifname: attachment.ifname, network: attachment.network, runs, adds },
    nested: metas.some(
      ({ attachment: outer, call }) => outer !== attachment && first !== undefined && encloses(call, first),
    ),
    dels: runs.filter(({ command }) => command === "DEL"),
    add: adds.findLast(({ state }) => state === "whole") ?? adds.at(-1) ?? null,
  };
}
