import { type LogLine, parseLogLine } from "../../../src/log/log-line.ts";

/** The parts of a CNI result that the tests check. */
export interface Result {
  readonly cniVersion: string;
  readonly ips: readonly { readonly address: string }[];
}

/** A line of the json format. */
export interface Line {
  readonly time: string;
  readonly tap: "pre" | "post";
  readonly command: string;
  readonly containerId: string;
  readonly network: string;
  readonly cniVersion: string;
  readonly ifname: string;
  readonly netns: string;
  readonly args: Readonly<Record<string, string>>;
  readonly input?: {
    readonly cniVersion: string;
    readonly prevResult?: Result;
    readonly runtimeConfig?: Readonly<Record<string, unknown>>;
  };
  readonly output?: Result;
}

/** All lines of a log of taps. Throws at a line that is not whole. */
export function parseLog(log: string): Line[] {
  const lines = log.split("\n");
  if (lines.pop() !== "") throw new Error("Cannot read the log: its last line has no line feed");
  return lines.map((line) => tapLine(line, parseLogLine(line)));
}

/** A complete line of a tap. Throws at any other line. */
export function tapLine(line: string, read: LogLine | null): Line {
  if (read?.kind !== "call" || read.tap === "wrap")
    throw new Error(`Cannot read the log: this is not a line of a tap: ${line}`);
  const { time, tap, command, containerId, network, cniVersion, ifname, netns, args, content } = read;
  if (
    !time ||
    !tap ||
    !containerId ||
    !network ||
    !cniVersion ||
    !ifname ||
    !args ||
    content.kind === "note"
  ) {
    if (command !== "STATUS") throw new Error(`Cannot read the log: something is missing in ${line}`);
  }
  return {
    ...{
      time: time ?? "",
      tap: tap ?? "pre",
      command,
      containerId: containerId ?? "",
      network: network ?? "",
    },
    ...{ cniVersion: cniVersion ?? "", ifname: ifname ?? "", netns: netns ?? "", args: args ?? {} },
    ...(content.kind === "note" ? {} : { [content.kind]: JSON.parse(content.json) }),
  };
}

/** The lines of one container ID. */
export function linesOf(log: string, id: string): Line[] {
  return parseLog(log).filter((line) => line.containerId === id);
}

/** A line in three words, "DEL post input". */
export function brief({ command, tap, output }: Line): string {
  return `${command} ${tap} ${output ? "output" : "input"}`;
}

/** The taps' lines of a pod's whole life. */
export const wholeStory = [
  "ADD pre input",
  "ADD post output",
  "DEL post input", // StopPodSandbox
  "DEL pre input",
  "DEL post input", // RemovePodSandbox
  "DEL pre input",
];

/** Lines by their container. */
export function groupById<T>(lines: Iterable<T>, idOf: (line: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const line of lines) {
    const own = groups.get(idOf(line));
    if (own) own.push(line);
    else groups.set(idOf(line), [line]);
  }
  return groups;
}
