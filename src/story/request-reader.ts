import { KnownTexts, type TextBytes } from "../log/known-texts.ts";
import type { PayloadSpan } from "../log/log-line.ts";
import { isThere, skipMembers, skipPlainString, skipValue } from "../log/skip-json.ts";
import { type Request, THERE } from "./request.ts";

const QUOTE = 0x22;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_BRACE = 0x7b;
const TEXTS_MOST = 1000;
const REQUESTS_MOST = 50;

const literal = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const TRUE = literal("true");
/** Values with nothing in them. */
const EMPTY = ["null", '""', "[]", "{}"].map(literal);
const MEMBERS = [
  ...["type", "name", "cniVersion", "runtimeConfig", "capabilities", "prevResult"],
  ...["delegates", "clusterNetwork"],
].map((name) => ({ name, bytes: literal(name) }));
const NO_NAMES: readonly string[] = [];
const NONE: typeof MEMBERS = [];
const BY_LENGTH = Array.from({ length: 20 }, (_, length) =>
  MEMBERS.filter(({ name }) => name.length === length),
);

/**
 * Reads requests without making values of all that is in them. It answers as `readRequest` does, or not at all. The same
 * request is the same object, unless it has a result.
 */
export class RequestReader {
  readonly #texts = new KnownTexts(TEXTS_MOST);
  #requests: Request[] = [];
  #source: TextBytes = { bytes: new Uint8Array(0), text: () => "" };
  #type: string | null = null;
  #name: string | null = null;
  #cniVersion: string | null = null;
  #runtimeConfig: readonly string[] = NO_NAMES;
  #capabilities: readonly string[] = NO_NAMES;
  /** Where prevResult is, if it is an object. */
  #prevFrom = -1;
  #prevTo = -1;
  #meta = false;
  /** Of an object within: all names, and those with a value that counts. Both arrays are used again and again. */
  readonly #seen: string[] = [];
  readonly #names: string[] = [];
  #seenCount = 0;
  #namesCount = 0;
  /** Names that came together: of the same ones there is one list. */
  #lists: (readonly string[])[] = [];

  /** Null: `readRequest` has to read it. */
  read({ source, from, to }: PayloadSpan, command: string): Request | null {
    this.#source = source;
    this.#type = null;
    this.#name = null;
    this.#cniVersion = null;
    this.#runtimeConfig = NO_NAMES;
    this.#capabilities = NO_NAMES;
    this.#prevFrom = -1;
    this.#meta = false;
    if (skipMembers(source.bytes, from, this.#member) !== to) return null;
    const hasResult = this.#prevFrom >= 0;
    if (!hasResult || command !== "ADD") return this.#known(hasResult ? THERE : null);
    return { ...this.#known(null), prevResult: source.text(this.#prevFrom, this.#prevTo) };
  }

  #known(prevResult: Request["prevResult"]): Request {
    const type = this.#type;
    const name = this.#name;
    const cniVersion = this.#cniVersion;
    const runtimeConfig = this.#runtimeConfig;
    const capabilities = this.#capabilities;
    const meta = this.#meta;
    for (const one of this.#requests)
      if (
        one.type === type &&
        one.prevResult === prevResult &&
        one.name === name &&
        one.cniVersion === cniVersion &&
        one.meta === meta &&
        one.runtimeConfig === runtimeConfig &&
        one.capabilities === capabilities
      )
        return one;
    const request = { type, name, cniVersion, runtimeConfig, capabilities, prevResult, meta };
    if (this.#requests.length >= REQUESTS_MOST) this.#requests = [];
    this.#requests.push(request);
    return request;
  }

  /** Takes a member of the request. Returns the place behind its value; -1 if that is not plain. */
  readonly #member = (nameFrom: number, nameTo: number, at: number): number => {
    const { bytes } = this.#source;
    const name = this.#nameOf(nameFrom, nameTo);
    if (name === null) return skipValue(bytes, at);
    if (name === "runtimeConfig" || name === "capabilities") {
      this.#seenCount = 0;
      this.#namesCount = 0;
      const declares = name === "capabilities";
      const isObject = bytes[at] === OPEN_BRACE;
      const end = isObject
        ? skipMembers(bytes, at, declares ? this.#declared : this.#configured)
        : skipValue(bytes, at);
      if (declares) this.#capabilities = this.#list();
      else this.#runtimeConfig = this.#list();
      return end;
    }
    if (name === "type" || name === "name" || name === "cniVersion") {
      const isText = bytes[at] === QUOTE;
      const end = isText ? skipPlainString(bytes, at) : skipValue(bytes, at);
      const text = isText && end > at + 2 ? this.#text(at + 1, end - 1) : null;
      if (name === "type") this.#type = text;
      else if (name === "name") this.#name = text;
      else this.#cniVersion = text;
      return end;
    }
    const end = skipValue(bytes, at);
    if (name !== "prevResult") this.#meta = true;
    else {
      this.#prevFrom = bytes[at] === OPEN_BRACE ? at : -1;
      this.#prevTo = end;
    }
    return end;
  };

  #nameOf(from: number, to: number): string | null {
    const { bytes } = this.#source;
    for (const { name, bytes: own } of BY_LENGTH[to - from] ?? NONE)
      if (isThere(bytes, from, own)) return name;
    return null;
  }

  readonly #configured = (nameFrom: number, nameTo: number, at: number): number => {
    const { bytes } = this.#source;
    const counts = !EMPTY.some((empty) => isThere(bytes, at, empty));
    return this.#note(nameFrom, nameTo, counts) ? skipValue(bytes, at) : -1;
  };

  readonly #declared = (nameFrom: number, nameTo: number, at: number): number => {
    const { bytes } = this.#source;
    return this.#note(nameFrom, nameTo, isThere(bytes, at, TRUE)) ? skipValue(bytes, at) : -1;
  };

  /** Whether the order of the names is that of the text: numbers come first in objects, and a name that comes twice is one. */
  #note(from: number, to: number, counts: boolean): boolean {
    const first = this.#source.bytes[from] ?? 0;
    if (first >= ZERO && first <= NINE) return false;
    const name = this.#text(from, to);
    for (let at = 0; at < this.#seenCount; at++) if (this.#seen[at] === name) return false;
    this.#seen[this.#seenCount++] = name;
    if (counts) this.#names[this.#namesCount++] = name;
    return true;
  }

  #list(): readonly string[] {
    if (this.#namesCount === 0) return NO_NAMES;
    for (const list of this.#lists) if (this.#isNamed(list)) return list;
    const list = this.#names.slice(0, this.#namesCount);
    if (this.#lists.length >= REQUESTS_MOST) this.#lists = [];
    this.#lists.push(list);
    return list;
  }

  #isNamed(list: readonly string[]): boolean {
    if (list.length !== this.#namesCount) return false;
    for (let at = 0; at < list.length; at++) if (list[at] !== this.#names[at]) return false;
    return true;
  }

  #text(from: number, to: number): string {
    const { bytes } = this.#source;
    let key = 0;
    for (let at = from; at < to; at++) key = (Math.imul(key, 31) + (bytes[at] ?? 0)) | 0;
    return this.#texts.get(this.#source, from, to, key);
  }
}
