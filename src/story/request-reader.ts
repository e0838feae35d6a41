import { KnownTexts, type TextBytes } from "../log/known-texts.ts";
import type { PayloadSpan } from "../log/log-line.ts";
import { isThere, skipMembers, skipPlainString, skipValue } from "../log/skip-json.ts";
import { type Request, THERE } from "./request.ts";
import { readOutput } from "./result.ts";

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
  #runtimeConfig: readonly string[] = [];
  #capabilities: readonly string[] = [];
  /** Where prevResult is, if it is an object. */
  #prevFrom = -1;
  #prevTo = -1;
  #meta = false;
  /** Of an object within: all names, and those with a value that counts. */
  #seen: string[] = [];
  #names: string[] = [];

  /** Null: `readRequest` has to read it. */
  read({ source, from, to }: PayloadSpan, command: string): Request | null {
    this.#source = source;
    this.#type = null;
    this.#name = null;
    this.#cniVersion = null;
    this.#runtimeConfig = [];
    this.#capabilities = [];
    this.#prevFrom = -1;
    this.#meta = false;
    if (skipMembers(source.bytes, from, this.#member) !== to) return null;
    const hasResult = this.#prevFrom >= 0;
    if (!hasResult || command !== "ADD") return this.#known(hasResult ? THERE : null);
    return { ...this.#known(null), prevResult: readOutput(source.text(this.#prevFrom, this.#prevTo)).parts };
  }

  #known(prevResult: Request["prevResult"]): Request {
    const [type, name, cniVersion, meta] = [this.#type, this.#name, this.#cniVersion, this.#meta];
    const [runtimeConfig, capabilities] = [this.#runtimeConfig, this.#capabilities];
    for (const one of this.#requests)
      if (
        one.type === type &&
        one.prevResult === prevResult &&
        one.name === name &&
        one.cniVersion === cniVersion &&
        one.meta === meta &&
        isSame(one.runtimeConfig, runtimeConfig) &&
        isSame(one.capabilities, capabilities)
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
    const length = nameTo - nameFrom;
    const which = MEMBERS.find((one) => one.bytes.length === length && isThere(bytes, nameFrom, one.bytes));
    if (which === undefined) return skipValue(bytes, at);
    if (which.name === "runtimeConfig" || which.name === "capabilities") {
      this.#seen = [];
      this.#names = [];
      const declares = which.name === "capabilities";
      const isObject = bytes[at] === OPEN_BRACE;
      const end = isObject
        ? skipMembers(bytes, at, declares ? this.#declared : this.#configured)
        : skipValue(bytes, at);
      if (declares) this.#capabilities = this.#names;
      else this.#runtimeConfig = this.#names;
      return end;
    }
    if (which.name === "type" || which.name === "name" || which.name === "cniVersion") {
      const isText = bytes[at] === QUOTE;
      const end = isText ? skipPlainString(bytes, at) : skipValue(bytes, at);
      const text = isText && end > at + 2 ? this.#text(at + 1, end - 1) : null;
      if (which.name === "type") this.#type = text;
      else if (which.name === "name") this.#name = text;
      else this.#cniVersion = text;
      return end;
    }
    const end = skipValue(bytes, at);
    if (which.name !== "prevResult") this.#meta = true;
    else {
      this.#prevFrom = bytes[at] === OPEN_BRACE ? at : -1;
      this.#prevTo = end;
    }
    return end;
  };

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
    if (this.#seen.includes(name)) return false;
    this.#seen.push(name);
    if (counts) this.#names.push(name);
    return true;
  }

  #text(from: number, to: number): string {
    const { bytes } = this.#source;
    let key = 0;
    for (let at = from; at < to; at++) key = (Math.imul(key, 31) + (bytes[at] ?? 0)) | 0;
    return this.#texts.get(this.#source, from, to, key);
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, at) => one === others[at]);
}
