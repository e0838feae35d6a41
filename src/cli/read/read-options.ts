import type { Command } from "commander";
import { firstRecordedKeys } from "../../conflist/installations.ts";
import type { LogLine } from "../../log/log-line.ts";
import { readRecord } from "../../machine/installation-record.ts";
import { LineReader } from "../../machine/line-reader.ts";
import { readLogs } from "../../machine/log-reader.ts";
import { MachineError } from "../../machine/machine-error.ts";
import { Root } from "../../machine/root.ts";
import { Stories, type StoriesOptions } from "../../story/stories.ts";
import type { LineNumber, Strays } from "../../story/story.ts";
import type { Io } from "../io.ts";
import { logFileOf } from "../stanza-options.ts";
import { progressOn } from "./progress.ts";

export interface ReadOptions {
  readonly logFile?: readonly string[];
  readonly json?: boolean;
}

/** Adds the options of all commands that read logs. */
export function addReadOptions(command: Command): Command {
  return command
    .option(
      "--log-file <file>",
      "a log to read, after its rotated .1; - for standard input; may be repeated (default: that of this node's taps, else /tmp/cni.log)",
      (path: string, before: readonly string[] = []) => [...before, path],
    )
    .option("--json", "print one JSON object a line");
}

/** The logs to read: by default that of the taps of this node, or of one whose files are mounted elsewhere. */
export function logsOf({ logFile }: ReadOptions, root = new Root()): readonly string[] {
  if (logFile && logFile.length > 0) return logFile;
  return [logFileOf(tapsKeys(root))];
}

/** The keys of this node's taps from cnitap's record. */
function tapsKeys(root: Root): Readonly<Record<string, unknown>> {
  try {
    return firstRecordedKeys(readRecord(root));
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return {}; // it cannot be read or is invalid: the defaults
  }
}

/** Reads logs into stories, with progress on a terminal. Returns what else was in them. */
export async function readStories(
  paths: readonly string[],
  options: StoriesOptions,
  io: Io,
): Promise<{ readonly strays: Strays; readonly closedEarly: number }> {
  const stories = new Stories(options);
  await readLines(paths, io, (number, read) => addTo(stories, number, read));
  stories.end();
  return { strays: stories.strays, closedEarly: stories.closedEarly };
}

/** Adds a line that `readLines` has given. */
export function addTo(stories: Stories, number: LineNumber, read: LogLine | string): void {
  if (typeof read === "string") stories.add(number, read, null);
  else stories.add(number, "", read);
}

/**
 * Reads logs, with progress on a terminal.
 * @param line gets each line's number, and the line, or the beginning of one that is none of ours
 */
export async function readLines(
  paths: readonly string[],
  io: Io,
  line: (number: LineNumber, read: LogLine | string) => void,
): Promise<void> {
  const lines = new LineReader();
  const progress = progressOn(io);
  await readLogs(paths, {
    line: (bytes, from, to, number) => line(number, lines.read(bytes, from, to)),
    progress: progress.progress,
  });
  progress.end();
}
