import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type JournalLine, readJournalLine } from "../story/journal.ts";
import { causeOf, MachineError } from "./machine-error.ts";

/** A journal that takes longer than this to read is left. */
const MOST_MS = 5000;
const MOST_LINES = 1000;

/** The lines of a text file about a container. */
export async function readJournalFile(path: string, containerId: string): Promise<JournalLine[]> {
  try {
    return await collect(createReadStream(path), containerId);
  } catch (error) {
    throw new MachineError(`Cannot read ${path}: ${causeOf(error)}`);
  }
}

/**
 * The lines of this node's journal about a container, between two times in milliseconds since 1970. Null if there is no
 * journalctl, or it has no journal.
 */
export async function readJournal(
  containerId: string,
  sinceMs: number,
  untilMs: number,
): Promise<JournalLine[] | null> {
  const at = (ms: number) => `@${Math.floor(ms / 1000)}`;
  const args = ["--no-pager", "--quiet", "-o", "json", "--since", at(sinceMs), "--until", at(untilMs + 999)];
  const child = spawn("journalctl", args, { stdio: ["ignore", "pipe", "ignore"], timeout: MOST_MS });
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code));
  });
  const lines = await collect(child.stdout, containerId);
  child.kill();
  return (await ended) === 0 || lines.length > 0 ? lines : null;
}

async function collect(stream: Readable, containerId: string): Promise<JournalLine[]> {
  const found: JournalLine[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    const read = readJournalLine(line, containerId);
    if (read) found.push(read);
    if (found.length === MOST_LINES) break;
  }
  return found;
}
