import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { type LogLine, parseLogLine } from "../../log/log-line.ts";
import { isStream, readLogs } from "../../machine/log-reader.ts";
import { LogTail } from "../../machine/log-tail.ts";
import { CallsUnderWay } from "../../story/calls-under-way.ts";
import { type Words, wordsOf } from "../../story/one-line.ts";
import type { Io } from "../io.ts";
import { addReadOptions, logsOf, type ReadOptions } from "./read-options.ts";
import { shown, TailScreen } from "./tail-screen.ts";

const LINES = 10;
const POLL_MS = 100;
/** How much of a log is read at first; more if there are too few lines that match. */
const WINDOW_BYTES = 1 << 20;
const WIDER = 4;
const NAMES_MOST = 10_000;
/** So many lines are printed in one go. */
const BATCH = 500;

interface TailOptions extends ReadOptions {
  readonly follow?: boolean;
  readonly lines: number;
  readonly pod?: string;
  readonly id?: string;
  readonly command?: readonly string[];
  readonly failed?: boolean;
}

/** A line that is wanted: its bytes, and what it says. */
interface Found {
  readonly text: string;
  readonly words: Words;
}

export function tailCommand(io: Io): Command {
  const command = new Command("tail")
    .description("Print the last lines of the log in words, and with -f those that come.")
    .option("-f, --follow", "go on as lines come, also if the log is rotated, emptied or made anew")
    .option("-n, --lines <n>", "how many of the last lines", wholeOf, LINES)
    .option("--pod <pod>", "only lines about this pod: NAMESPACE/NAME or NAME")
    .option("--id <prefix>", "only lines about this container ID; its first letters will do")
    .option("--command <commands>", "only calls of these commands: ADD,DEL", (text) => text.split(","))
    .option("--failed", "only lines that tell of a failure")
    .addHelpText(
      "after",
      `
Times are UTC. With --json, the lines that match are printed as they are in the log.
Exit: 0, also if there are no lines; 1 the log cannot be read, 2 invalid usage.

Example:
  $ cnitap tail -f --failed
`,
    );
  return addReadOptions(command).action((options: TailOptions) => new Tail(options, io).run());
}

function wholeOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It wants a whole number.");
  return Number(text);
}

class Tail {
  readonly #options: TailOptions;
  readonly #io: Io;
  readonly #names = new Map<string, string>();
  readonly #underWay = new CallsUnderWay();
  readonly #screen: TailScreen;

  constructor(options: TailOptions, io: Io) {
    this.#options = options;
    this.#io = io;
    this.#screen = new TailScreen(io, this.#names);
  }

  async run(): Promise<void> {
    const { follow = false } = this.#options;
    const paths = logsOf(this.#options);
    const streams = paths.filter(isStream);
    const files = paths.filter((path) => !streams.includes(path));
    const tails: LogTail[] = [];
    try {
      for (const path of files) tails.push(new LogTail(path, paths, follow));
      const found = tails.map((tail) => this.#last(tail));
      const all = found.length > 1 ? found.flat().sort(byTime) : found.flat();
      for (const { words } of all) this.#screen.measure(words);
      for (let at = 0; at < all.length && !this.#io.closed; at += BATCH) {
        for (const one of all.slice(at, at + BATCH)) this.#print(one);
        this.#screen.show();
        await sleep(0); // so that a closed pipe is noticed
      }
      const followed = follow && tails.length > 0 ? this.#follow(tails) : null;
      if (streams.length > 0) await this.#readStreams(streams);
      await followed;
    } finally {
      for (const tail of tails) tail.close();
    }
  }

  /** The last lines that match. */
  #last(tail: LogTail): Found[] {
    const { lines: most, follow = false } = this.#options;
    for (let bytes = WINDOW_BYTES; ; bytes *= WIDER) {
      const found: Found[] = [];
      const add = (text: string) => {
        const one = this.#match(text);
        if (one === null || most === 0) return;
        found.push(one);
        if (found.length >= 2 * most) found.splice(0, most);
      };
      const all = tail.readEnd(bytes, add);
      if (all || found.length >= most) {
        if (!follow) tail.readRest(add);
        return most === 0 ? [] : found.slice(-most);
      }
    }
  }

  /** What a line says, if it is wanted. */
  #match(text: string): Found | null {
    const read = parseLogLine(text);
    if (read === null) return null;
    const words = wordsOf(read, this.#underWay.add(read));
    this.#learnName(read, words);
    return this.#isWanted(words) ? { text, words } : null;
  }

  #learnName({ containerId }: LogLine, { namespace, name }: Words): void {
    if (containerId === null || name === null || this.#names.has(containerId)) return;
    this.#names.set(containerId, `${shown(namespace ?? "")}/${shown(name)}`);
    const oldest = this.#names.size > NAMES_MOST ? this.#names.keys().next().value : undefined;
    if (oldest !== undefined) this.#names.delete(oldest);
  }

  #isWanted({ bad, command, containerId }: Words): boolean {
    const { failed, command: commands, id, pod } = this.#options;
    if (failed && !bad) return false;
    if (commands && !commands.includes(command)) return false;
    if (id !== undefined && containerId?.startsWith(id) !== true) return false;
    if (pod === undefined) return true;
    const name = containerId === null ? undefined : this.#names.get(containerId);
    return name === pod || name?.endsWith(`/${pod}`) === true;
  }

  #print({ text, words }: Found): void {
    if (this.#options.json) this.#io.outBytes(Buffer.from(`${text}\n`, "latin1"));
    else this.#screen.add(words);
  }

  async #readStreams(paths: readonly string[]): Promise<void> {
    const { lines: most, follow } = this.#options;
    const last: Found[] = [];
    const line = (bytes: Buffer, from: number, to: number) => {
      const one = this.#match(bytes.toString("latin1", from, to));
      if (one === null) return;
      if (follow) {
        this.#print(one);
        this.#screen.show();
      } else if (last.push(one) > 2 * most) last.splice(0, last.length - most);
    };
    await readLogs(paths, { line });
    const wanted = most === 0 ? [] : last.slice(-most);
    for (const { words } of wanted) this.#screen.measure(words);
    for (const one of wanted) this.#print(one);
    this.#screen.show();
  }

  async #follow(tails: readonly LogTail[]): Promise<void> {
    const io = this.#io;
    const live = io.columns !== null && this.#options.json !== true;
    if (live)
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => this.#endBy(signal));
    const line = (text: string) => {
      const one = this.#match(text);
      if (one) this.#print(one);
    };
    while (!io.closed) {
      for (const tail of tails) {
        tail.poll(line, () => io.err(`cnitap: ${shown(tail.path)} was emptied\n`));
      }
      this.#screen.show(live ? this.#underWay.at(Date.now()) : [], Date.now());
      await sleep(POLL_MS);
    }
  }

  /** Clears what stands below the lines and ends as without a handler. */
  #endBy(signal: NodeJS.Signals): void {
    this.#screen.show();
    process.kill(process.pid, signal);
  }
}

/** Lines without a time stay where they are. */
function byTime(one: Found, other: Found): number {
  const [a, b] = [one.words.time, other.words.time];
  return a === null || b === null || a === b ? 0 : a < b ? -1 : 1;
}
