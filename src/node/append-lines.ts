import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { UNFIT } from "../native/native.ts";
import { codeOf, wordsOf } from "./error.ts";

/** Lines end in a line feed. */
const LINE_FEED = 0x0a;
const REOPENS_MOST = 64;

export interface Appended {
  /** How many of the lines, from the first on, are in the file. */
  readonly lines: number;
  /** Why not all are. */
  readonly fault: string | null;
}

/**
 * Appends whole lines to a log with one write(2), which O_APPEND makes one piece on local file systems, after the
 * checks that the taps make: a regular file of this user's with one link, that nobody else may write. No lock is
 * taken, for Node has no flock(2), and the file is not rotated.
 * @param maxBytes no line begins beyond twice as much; 0 is no limit
 */
export async function appendLines(
  path: string,
  lines: readonly Buffer[],
  maxBytes: number,
): Promise<Appended> {
  const none = (fault: string): Appended => ({ lines: 0, fault });
  for (let opens = 0; opens < REOPENS_MOST; opens++) {
    let file: FileHandle;
    try {
      file = await openLog(path);
    } catch (error) {
      const link = codeOf(error) === "ELOOP"; // what O_NOFOLLOW makes of one
      return none(`Cannot open ${path}: ${link ? "it is a symbolic link" : wordsOf(error)}`);
    }
    try {
      const stat = await file.stat();
      if (stat.nlink === 0) continue; // rotated away twice since it was opened
      const unfit = unfitness(stat);
      if (unfit) return none(`Cannot use ${path}: ${unfit}`);
      const fitting = maxBytes > 0 ? startingBelow(2 * maxBytes - stat.size, lines) : lines;
      const full = `Cannot write to ${path}: over twice logMaxBytes, and no tap has rotated it`;
      if (fitting.length === 0) return none(full);
      const written = await write(file, stat.size, fitting, path);
      const cut = fitting.length < lines.length && written.fault === null;
      const appended = cut ? { ...written, fault: full } : written;
      if (appended.lines === 0 || (await file.stat()).nlink > 0) return appended;
    } catch (error) {
      return none(`Cannot write to ${path}: ${wordsOf(error)}`);
    } finally {
      await file.close().catch(() => {}); // what it could tell, write(2) has told
    }
  }
  return none(`Cannot open ${path}: it is rotated all the time`);
}

function openLog(path: string): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  return open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
}

/** Why a file is no log of ours; "" where it is. */
function unfitness(stat: Stats): string | undefined {
  const [fit, type, owner, links, mode] = UNFIT;
  if (!stat.isFile()) return type;
  if (stat.uid !== process.geteuid?.()) return owner;
  if (stat.nlink !== 1) return links;
  return stat.mode & 0o022 ? mode : fit;
}

/** The lines that begin within so many bytes. */
function startingBelow(bytes: number, lines: readonly Buffer[]): readonly Buffer[] {
  let at = 0;
  const beyond = lines.findIndex((line) => {
    const begins = at;
    at += line.length;
    return begins > bytes;
  });
  return beyond < 0 ? lines : lines.slice(0, beyond);
}

async function write(
  file: FileHandle,
  size: number,
  lines: readonly Buffer[],
  path: string,
): Promise<Appended> {
  const last = Buffer.alloc(1, LINE_FEED);
  if (size > 0) await file.read(last, 0, 1, size - 1);
  // A full disk or a killed writer left half a line: these begin on a line of their own.
  const begin = last[0] === LINE_FEED ? [] : [Buffer.of(LINE_FEED)];
  const { bytesWritten } = await file.write(Buffer.concat([...begin, ...lines]));
  let left = bytesWritten - begin.length;
  let whole = 0;
  for (const line of lines) {
    left -= line.length;
    if (left < 0) return { lines: whole, fault: `Cannot write to ${path}: it took only a part` };
    whole++;
  }
  return { lines: whole, fault: null };
}
