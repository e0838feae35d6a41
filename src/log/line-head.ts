import { KnownTexts, type TextBytes } from "./known-texts.ts";
import type {
  CallLine,
  LogLine,
  Payload,
  PayloadSpan,
  PluginEnd,
  PodEventLine,
  WrapLine,
} from "./log-line.ts";
import { POD_EVENTS, type PodEvent } from "./pod-line.ts";

/** The bytes of the line that is being read. */
export interface HeadBytes extends TextBytes {
  readonly from: number;
  /** The place of its last character, `}`. */
  readonly last: number;
  /** Whether the bytes from a place on are these bytes of another array. */
  has(at: number, other: Uint8Array, from: number, to: number): boolean;
}

const QUOTE = 0x22;
const DOT = 0x2e;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const CLOSE_BRACE = 0x7d;

const literal = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const START = literal('{"v":1,"time":"');
const TAP = literal(',"tap":"');
const NRI = literal(',"nri":"');
const BUILD = literal(',"build":"');
const PID = literal(',"pid":');
const COMMAND = literal(',"command":"');
const CONTAINER_ID = literal(',"containerId":"');
const LABEL = literal(',"label":"');
const PLUGIN = literal(',"plugin":"');
const MS = literal(',"ms":');
const EXIT = literal(',"exit":');
const SIGNAL = literal(',"signal":');
const OUTPUT_BYTES = literal(',"outputBytes":');
const INPUT = literal(',"input":');
const OUTPUT = literal(',"output":');
const POD = literal(',"pod":');
const TIME_LETTERS = 27;
/** What all lines of a pod's attachment have in common: it stands together, without escapes. */
const PLAIN = String.raw`[^"\\\x00-\x1f]*`;
const TEXT = `(?:null|"${PLAIN}")`;
const PAIR = `"${PLAIN}":"${PLAIN}"`;
const SAME = new RegExp(
  `^,"containerId":${TEXT},"network":${TEXT},"cniVersion":${TEXT},"ifname":${TEXT},"netns":${TEXT},` +
    `"args":(?:null|\\{(?:${PAIR}(?:,${PAIR})*)?\\})`,
);
const LABELS = ',"labels":{';
const POD_FACTS = new RegExp(
  `^\\{"namespace":"${PLAIN}","name":"${PLAIN}","uid":"${PLAIN}","netns":${TEXT},` +
    `"ips":\\[(?:"${PLAIN}"(?:,"${PLAIN}")*)?\\]${LABELS.replace("{", "\\{")}`,
);
/** So many bytes have a pod's facts before its labels. */
const POD_BYTES = 640;
/** So many bytes have all of that; if not, `parseLogLine` reads the line. */
const SAME_BYTES = 1024;
/** Attachments whose lines come by turns. */
const SAME_MOST = 1024;
/** So many letters of a container ID tell which one to compare with. */
const KEY_LETTERS = 16;
/** Texts that many lines have, such as plugins' names. */
const TEXTS_MOST = 1000;

interface Same
  extends Pick<CallLine, "containerId" | "network" | "cniVersion" | "ifname" | "netns" | "args"> {
  /** Where it is kept as lines have it. */
  readonly from: number;
  readonly to: number;
}

/** A payload that is cut out of the line when it is asked for. */
class LazyPayload implements Payload {
  readonly kind: Payload["kind"];
  readonly #at: number;
  readonly #line: HeadBytes;
  #json: string | null = null;

  constructor(kind: Payload["kind"], at: number, line: HeadBytes) {
    this.kind = kind;
    this.#at = at;
    this.#line = line;
  }

  get json(): string {
    this.#json ??= this.#line.text(this.#at, this.#line.last);
    return this.#json;
  }

  get span(): PayloadSpan {
    return { source: this.#line, from: this.#at, to: this.#line.last };
  }
}

type Facts = Pick<PodEventLine["pod"], "namespace" | "name" | "uid" | "netns" | "ips">;

/** A pod's facts. Its labels are read when they are asked for. */
class PodHead implements Facts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly netns: string | null;
  readonly ips: readonly string[];
  readonly #line: HeadBytes;
  readonly #labelsAt: number;

  constructor(line: HeadBytes, labelsAt: number, { namespace, name, uid, netns, ips }: Facts) {
    this.namespace = namespace;
    this.name = name;
    this.uid = uid;
    this.netns = netns;
    this.ips = ips;
    this.#line = line;
    this.#labelsAt = labelsAt;
  }

  get labels(): Readonly<Record<string, string>> | null {
    return labelsOf(this.#line.text(this.#labelsAt, this.#line.last - 1));
  }
}

/**
 * Reads lines of the json format by their heads: what comes before the payload, which is most of a line and is not looked at.
 * It answers as `parseLogLine` for each line that this can read. It also reads lines whose head is whole and whose payload is
 * no JSON, of which `parseLogLine` says that they are none of ours: a line that was cut right behind a `}`.
 *
 * It goes from field to field; `#at` is where the next one begins, -1 where the line was not so plain.
 */
export class HeadReader {
  readonly #same = new Map<number, Same>();
  /** Their bytes, each in a place of its own: arrays of their own would cost more than all the rest. */
  readonly #kept = new Uint8Array(SAME_MOST * SAME_BYTES);
  #keptAt = 0;
  readonly #texts = new KnownTexts(TEXTS_MOST);
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /**
   * @param line its last character must be `}`
   * @returns null for all lines that are not so plain; `parseLogLine` reads them. The payload of a line must be asked for
   * before the next one is read.
   */
  read(line: HeadBytes): LogLine | null {
    this.#bytes = line.bytes;
    this.#at = line.from;
    if (!this.#skip(START)) return null;
    const timeAt = this.#at;
    for (let count = 0; count < TIME_LETTERS; count++) {
      const byte = line.bytes[this.#at++] ?? 0;
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return null;
    }
    if (line.bytes[this.#at++] !== QUOTE) return null;
    const tapped = this.#skip(TAP);
    if (!tapped && !this.#skip(NRI)) return null;
    const time = line.text(timeAt, timeAt + TIME_LETTERS);
    return tapped ? this.#readCall(time, line) : this.#readEvent(time, line);
  }

  #readCall(time: string, line: HeadBytes): CallLine | WrapLine | null {
    const tap = this.#text(line);
    const build = this.#skip(BUILD) ? this.#text(line) : null;
    const pid = this.#skip(PID) ? this.#number(false) : -1;
    const command = this.#skip(COMMAND) ? this.#text(line) : null;
    if (build === null || pid < 0 || command === null) return null;
    const same = this.#sameOf(line);
    if (same === null) return null;
    const label = this.#skip(LABEL) ? this.#text(line) : null;
    const plugin = this.#skip(PLUGIN) ? this.#text(line) : null;
    const end = plugin !== null && this.#skip(MS) ? this.#end() : null;
    const kind = this.#skip(INPUT) ? "input" : this.#skip(OUTPUT) ? "output" : null;
    if (kind === null || this.#at < 0 || this.#at >= line.last) return null;
    const { containerId, network, cniVersion, ifname, netns, args } = same;
    const content = new LazyPayload(kind, this.#at, line);
    if (plugin === null) {
      if (tap !== "pre" && tap !== "post") return null;
      return {
        kind: "call",
        format: "json",
        time,
        tap,
        build,
        pid,
        command,
        containerId,
        network,
        cniVersion,
        ifname,
        netns,
        args,
        label,
        traceparent: null,
        tracestate: null,
        content,
      };
    }
    if (tap !== "wrap" || (kind === "output") !== (end !== null)) return null;
    return {
      kind: "wrap",
      format: "json",
      time,
      build,
      pid,
      command,
      containerId,
      network,
      cniVersion,
      ifname,
      netns,
      args,
      label,
      traceparent: null,
      tracestate: null,
      plugin,
      content,
      end,
    };
  }

  #end(): PluginEnd | null {
    const ms = this.#number(true);
    const exited = this.#skip(EXIT);
    if (!exited && !this.#skip(SIGNAL)) return null;
    const code = this.#number(false);
    const outputBytes = this.#skip(OUTPUT_BYTES) ? this.#number(false) : null;
    if (ms < 0 || code < 0 || (outputBytes ?? 0) < 0) return null;
    return { ms, exit: exited ? code : null, signal: exited ? null : code, stderr: null, outputBytes };
  }

  #readEvent(time: string, line: HeadBytes): LogLine | null {
    const event = eventOf(this.#text(line));
    const containerId = this.#skip(CONTAINER_ID) ? this.#text(line, false) : null;
    const label = this.#skip(LABEL) ? this.#text(line) : null;
    if (event === null || containerId === null || !this.#skip(POD)) return null;
    if (line.bytes[line.last - 1] !== CLOSE_BRACE) return null; // a space behind the pod's facts
    const podAt = this.#at;
    const [facts] = POD_FACTS.exec(line.text(podAt, Math.min(podAt + POD_BYTES, line.last))) ?? [];
    if (facts === undefined) return null;
    const parsed: Facts = JSON.parse(`${facts.slice(0, -LABELS.length)}}`);
    const pod = new PodHead(line, podAt + facts.length - 1, parsed);
    return { kind: "pod", format: "json", time, event, containerId, label, pod };
  }

  /** The part that an attachment's lines have in common; it is read once. */
  #sameOf(line: HeadBytes): Same | null {
    const at = this.#at;
    const bytes = this.#bytes;
    let key = 0;
    for (let index = at + CONTAINER_ID.length; index < at + CONTAINER_ID.length + KEY_LETTERS; index++)
      key = (Math.imul(key, 31) + (bytes[index] ?? 0)) | 0;
    const known = this.#same.get(key);
    if (known !== undefined && line.has(at, this.#kept, known.from, known.to)) {
      this.#at = at + known.to - known.from;
      return known;
    }
    const [text] = SAME.exec(line.text(at, Math.min(at + SAME_BYTES, line.last))) ?? [];
    if (text === undefined) return null;
    this.#at = at + text.length;
    if (this.#keptAt === this.#kept.length) {
      this.#same.clear();
      this.#keptAt = 0;
    }
    const from = this.#keptAt;
    this.#kept.set(bytes.subarray(at, this.#at), from);
    this.#keptAt += SAME_BYTES;
    const { containerId, network, cniVersion, ifname, netns, args }: Same = JSON.parse(`{${text.slice(1)}}`);
    const to = from + text.length;
    const same = { from, to, containerId: containerId || null, network, cniVersion, ifname, netns, args };
    this.#same.set(key, same);
    return same;
  }

  /** Goes on behind some bytes, if they come next. */
  #skip(expected: Uint8Array): boolean {
    const { length } = expected;
    const bytes = this.#bytes;
    const at = this.#at;
    for (let index = 0; index < length; index++) if (bytes[at + index] !== expected[index]) return false;
    this.#at = at + length;
    return true;
  }

  /** Reads a string up to its quote and goes on behind it. Texts that come often are made once. */
  #text(line: HeadBytes, often = true): string | null {
    const bytes = this.#bytes;
    const from = this.#at;
    let at = from;
    let key = 0;
    for (; ; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) break;
      if (byte < 0x20 || byte === BACKSLASH) {
        this.#at = -1;
        return null;
      }
      key = (Math.imul(key, 31) + byte) | 0;
    }
    if (!often) {
      this.#at = at + 1;
      return line.text(from, at);
    }
    this.#at = at + 1;
    return this.#texts.get(line, from, at, key);
  }

  /** Reads a number as JSON has them, without sign and exponent; -1 if there is none. */
  #number(fraction: boolean): number {
    const bytes = this.#bytes;
    const from = this.#at;
    const whole = this.#digits();
    const wholeDigits = this.#at - from;
    if (wholeDigits === 0 || wholeDigits > 9 || (bytes[from] === ZERO && wholeDigits > 1)) return -1;
    if (!fraction || bytes[this.#at] !== DOT) return whole;
    const at = ++this.#at;
    const parts = this.#digits();
    const count = this.#at - at;
    // Both are exact and the quotient is rounded once, as the number's text would be.
    return count === 0 || count > 6 ? -1 : (whole * 10 ** count + parts) / 10 ** count;
  }

  #digits(): number {
    let value = 0;
    for (; ; this.#at++) {
      const digit = (this.#bytes[this.#at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return value;
      value = value * 10 + digit;
    }
  }
}

function eventOf(name: string | null): PodEvent | null {
  return POD_EVENTS.find((event) => event === name) ?? null;
}

function labelsOf(json: string): Readonly<Record<string, string>> | null {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
