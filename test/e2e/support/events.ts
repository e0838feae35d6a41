import type { ContainerdNode } from "../../../scripts/containerd/node.ts";
import type { Pod } from "../../../scripts/containerd/pods.ts";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { type PodEventLine, parseLogLine } from "../../../src/log/log-line.ts";
import { type Line, tapLine } from "./log.ts";

/** A line of the observer. A note has neither event nor pod. */
export interface PodLine {
  readonly time: string;
  readonly nri: string | null;
  readonly containerId: string | null;
  readonly label: string | null;
  readonly pod?: PodEventLine["pod"];
  readonly note?: string;
}

function readLine(line: string): Line | PodLine {
  const read = parseLogLine(line);
  if (read?.time == null) throw new Error(`Cannot read the log: ${line}`);
  const { time } = read;
  if (read.kind === "call" || read.kind === "wrap") return tapLine(line, read);
  const { label, containerId } = read;
  if (read.kind === "note") return { time, nri: null, containerId, label, note: read.text };
  return { time, nri: read.event, containerId, label, pod: read.pod };
}

/** All lines of a log that taps and an observer share, in the order in which they happened. */
export class Events {
  readonly lines: readonly (Line | PodLine)[];

  /** Throws at a line that is not whole. Ignores empty lines. */
  constructor(log: string) {
    if (!/\n$|^$/.test(log)) throw new Error("Cannot read the log: its last line has no line feed");
    const lines = log.split("\n").filter((line) => line !== "");
    // The observer writes after it has answered the runtime, so a tap's next line may come first. Its time is the
    // event's, in milliseconds. Lines with the same time keep their order.
    const at = ({ time }: Line | PodLine) => time.slice(0, "2026-11-21T07:59:48.298".length);
    this.lines = lines
      .map(readLine)
      .sort((one, other) => (at(one) < at(other) ? -1 : at(one) > at(other) ? 1 : 0));
  }

  /** The lines of a container, each in two words: "ADD pre", "NRI RunPodSandbox". */
  story(id: string): string[] {
    return this.lines
      .filter(({ containerId }) => containerId === id)
      .map((line) => ("nri" in line ? `NRI ${line.nri}` : `${line.command} ${line.tap}`));
  }

  /** The observer's lines of a container. */
  ofPod(id: string): PodLine[] {
    return this.lines.filter((line): line is PodLine => "nri" in line && line.containerId === id);
  }

  /** The taps' lines of a container. */
  ofTaps(id: string): Line[] {
    return this.lines.filter((line): line is Line => "tap" in line && line.containerId === id);
  }
}

/** The lines of a pod's whole life, of taps and observer. */
export const wholeStoryWithEvents = [
  ...["ADD pre", "ADD post", "NRI RunPodSandbox"],
  ...["NRI StopPodSandbox", "DEL post", "DEL pre"],
  ...["DEL post", "DEL pre", "NRI RemovePodSandbox"],
];

/** Waits until an event of a container is in the log, and returns the log. */
export async function logWith(
  node: ContainerdNode,
  event: string,
  { id }: Pod,
  path?: string,
): Promise<Events> {
  return await waitFor(`${event} of ${id} in the log`, async () => {
    const log = await node.readLog(path);
    if (!log.endsWith("\n")) return false; // a line is being written
    const events = new Events(log);
    return events.ofPod(id).some(({ nri }) => nri === event) && events;
  });
}

export async function endPod(node: ContainerdNode, { id }: Pod): Promise<void> {
  await node.stopPod(id);
  await node.removePod(id);
}

/** Whether the runtime's events have a pod's addresses, and its namespaces except in the last one: containerd 2. */
export function tellsAll(node: ContainerdNode): boolean {
  return !node.version.startsWith("1.");
}
