import { asByteString, decodeUtf8 } from "../../log/byte-string.ts";
import type { UnderWay } from "../../story/calls-under-way.ts";
import type { Words } from "../../story/one-line.ts";
import { escapeForTerminal, type Io, paint } from "../io.ts";
import { fitted, lengthOf } from "../text-columns.ts";

const ID_LETTERS = 12;
const POD_MOST = 40;
const WHO_LEAST = 8;
/** So many calls under way are shown. */
const SHOWN_MOST = 5;
const ERASE_BELOW = "\x1b[J";

/** The names of pods by container ID, where a line has shown them. */
export type PodNames = ReadonlyMap<string, string>;

/** Shows lines as they come, and on a terminal the calls under way below them. */
export class TailScreen {
  readonly #io: Io;
  readonly #names: PodNames;
  #podWidth = 0;
  #whoWidth = WHO_LEAST;
  #text = "";
  /** What stands below the lines. */
  #below: readonly string[] = [];

  constructor(io: Io, names: PodNames) {
    this.#io = io;
    this.#names = names;
  }

  /** Makes the columns as wide as these lines need. */
  measure(words: Words): void {
    this.#podWidth = Math.min(POD_MOST, Math.max(this.#podWidth, lengthOf(this.#podOf(words))));
    this.#whoWidth = Math.max(this.#whoWidth, Math.min(POD_MOST, lengthOf(shown(words.who))));
  }

  /** Adds a line to what `show` shows. */
  add(words: Words): void {
    this.measure(words);
    const { time, command, who, what, bad } = words;
    const io = this.#io;
    const when = time === null ? "-".padEnd(18) : escapeForTerminal(time).slice(5, 23).replace("T", " ");
    const said = shown(what);
    const columns = [
      when,
      paint(io, "bold", shown(command).padEnd(5)),
      fitted(this.#podOf(words), this.#podWidth),
      fitted(shown(who), this.#whoWidth),
      bad ? paint(io, "red", said) : said,
    ];
    this.#text += `${columns.join("  ")}\n`;
  }

  /** Shows what was added, and in place of the calls that stand below those of now. */
  show(underWay: readonly UnderWay[] = [], nowMs = 0): void {
    const below = this.#io.columns === null ? [] : this.#linesOf(underWay, nowMs, this.#io.columns);
    if (this.#text === "" && below.join("\n") === this.#below.join("\n")) return;
    const up = this.#below.length > 1 ? `\x1b[${this.#below.length - 1}A` : "";
    const erase = this.#below.length > 0 ? `\r${up}${ERASE_BELOW}` : "";
    this.#io.out(`${erase}${this.#text}${below.join("\n")}`);
    this.#text = "";
    this.#below = below;
  }

  #linesOf(underWay: readonly UnderWay[], nowMs: number, columns: number): string[] {
    const lines = underWay.slice(0, SHOWN_MOST).map(({ containerId, command, plugin, ifname, sinceMs }) => {
      const pod = this.#names.get(containerId) ?? shown(containerId).slice(0, ID_LETTERS);
      const seconds = Math.max(0, (nowMs - sinceMs) / 1000).toFixed(1);
      const who = plugin === null ? "the plugins" : shown(plugin);
      return `… ${seconds.padStart(5)} s  ${shown(command)}  ${pod}  ${who}  ${shown(ifname ?? "")}`.trimEnd();
    });
    const more = underWay.length - SHOWN_MOST;
    if (more > 0) lines.push(`… and ${more} more`);
    return lines.map((line) => [...line].slice(0, Math.max(1, columns - 1)).join(""));
  }

  #podOf({ containerId, namespace, name }: Words): string {
    if (name !== null) return `${shown(namespace ?? "")}/${shown(name)}`;
    if (containerId === null) return "";
    return this.#names.get(containerId) ?? shown(containerId).slice(0, ID_LETTERS);
  }
}

/** Text of the log for a terminal. */
export function shown(bytes: string): string {
  return escapeForTerminal(decodeUtf8(asByteString(bytes))).replaceAll(/[\n\t]/g, " ");
}
