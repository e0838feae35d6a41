import { asByteString, decodeUtf8 } from "../log/byte-string.ts";
import { bare } from "../story/address.ts";
import { givenTo } from "../story/findings/addresses.ts";
import { type Attached, isAdded, type Pod } from "../story/pod.ts";
import { linesOf } from "../story/runs.ts";
import type { LineNumber } from "../story/story.ts";
import type { PodName } from "./facts.ts";

/** What the log tells of a pod, as far as findings about the node need it. */
export interface LogPod {
  readonly pod: PodName | null;
  readonly attachments: readonly LogAttachment[];
}

export interface LogAttachment {
  readonly network: string | null;
  readonly netns: string | null;
  /** `whole`: the last ADD came to its end, and no DEL has come since. */
  readonly state: "adding" | "whole" | "over";
  readonly addresses: readonly string[];
  readonly lines: readonly LineNumber[];
}

const text = (bytes: string) => decodeUtf8(asByteString(bytes));
const textOrNull = (bytes: string | null) => (bytes === null || bytes === "" ? null : text(bytes));

/** Collects what the node is held against, by container ID. */
export class LogPods {
  readonly byId = new Map<string, LogPod>();
  readonly #isOld: (timeMs: number | null) => boolean;

  /** @param isOld whether what has begun at a time must have ended */
  constructor(isOld: (timeMs: number | null) => boolean) {
    this.#isOld = isOld;
  }

  add({ story, attached }: Pod): void {
    const { containerId, namespace, name } = story;
    const pod = namespace === null || name === null ? null : { namespace: text(namespace), name: text(name) };
    const attachments = attached.filter(({ nested }) => !nested).map((one) => this.#read(one));
    this.byId.set(text(containerId), { pod, attachments });
  }

  #read(attached: Attached): LogAttachment {
    const { add, runs, network } = attached;
    const last = runs.findLast(({ command }) => command === "ADD" || command === "DEL");
    const open = last?.command === "ADD" && last.state === "open" && !this.#isOld(last.lastMs);
    const whole = last?.command === "ADD" && isAdded(attached);
    return {
      network: textOrNull(network),
      netns: textOrNull(add?.netns ?? null),
      state: whole ? "whole" : open ? "adding" : "over",
      addresses: whole ? givenTo(attached).map(bare).map(text) : [],
      lines: whole && add !== null ? linesOf(add) : [],
    };
  }

  /** The network namespaces of attachments that are not over. */
  get netnsPaths(): string[] {
    return [...this.byId.values()].flatMap(({ attachments }) =>
      attachments.flatMap(({ state, netns }) => (state !== "over" && netns !== null ? [netns] : [])),
    );
  }
}
