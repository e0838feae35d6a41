import { ConflistError } from "./conflist-error.ts";

/** A JSON value with its offsets in the text. */
export type JsonValue = JsonObject | JsonArray | JsonScalar;

interface Place {
  /** Offset of the first character. */
  readonly start: number;
  /** Offset after the last character. */
  readonly end: number;
}
export interface JsonObject extends Place {
  readonly kind: "object";
  /** In the order of the text. A name may be repeated; runtimes use the last one. */
  readonly members: readonly JsonMember[];
}
export interface JsonMember {
  readonly key: JsonScalar;
  readonly name: string;
  readonly value: JsonValue;
}
export interface JsonArray extends Place {
  readonly kind: "array";
  readonly items: readonly JsonValue[];
}
export interface JsonScalar extends Place {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
}

/** Maximum nesting of arrays and objects. */
export const MAX_DEPTH = 500;

const SPACE = /[ \t\r\n]*/y;
/** A string (no control characters, valid escapes), a number, or a literal name. */
const SCALAR =
  /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Parses a text strictly (RFC 8259).
 * @throws {ConflistError} `broken`, with line and column
 */
export function parseJson(text: string): JsonValue {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

/** The last member of this name, which is the one that runtimes use. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  return object.members.findLast((member) => member.name === name)?.value;
}

/** Whether two values from JSON.parse are equal. The order of members is ignored. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [ours, theirs] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return (
    ours.size === theirs.size &&
    [...ours].every(([key, value]) => theirs.has(key) && isSameJson(value, theirs.get(key)))
  );
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonValue {
    this.#skip();
    if (depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} levels`);
    const start = this.#at;
    if (this.#take("{")) {
      const members: JsonMember[] = [];
      this.#list("}", () => members.push(this.#member(depth + 1)));
      return { kind: "object", members, start, end: this.#at };
    }
    if (this.#take("[")) {
      const items: JsonValue[] = [];
      this.#list("]", () => items.push(this.value(depth + 1)));
      return { kind: "array", items, start, end: this.#at };
    }
    return this.#scalar();
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) this.#fail("broken JSON");
  }

  #member(depth: number): JsonMember {
    this.#skip();
    if (this.#text.charAt(this.#at) !== '"') this.#fail("broken JSON");
    const key = this.#scalar();
    this.#skip();
    if (!this.#take(":")) this.#fail("broken JSON");
    return { key, name: String(key.value), value: this.value(depth) };
  }

  #list(close: string, one: () => void): void {
    this.#skip();
    if (this.#take(close)) return;
    for (;;) {
      one();
      this.#skip();
      if (this.#take(close)) return;
      if (!this.#take(",")) this.#fail("broken JSON");
    }
  }

  #scalar(): JsonScalar {
    const start = this.#at;
    SCALAR.lastIndex = start;
    const token = SCALAR.exec(this.#text)?.[0];
    if (token === undefined) this.#fail("broken JSON");
    this.#at += token.length;
    return { kind: "scalar", value: JSON.parse(token), start, end: this.#at };
  }

  #skip(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #take(char: string): boolean {
    if (this.#text.charAt(this.#at) !== char) return false;
    this.#at++;
    return true;
  }

  #fail(what: string): never {
    const lines = this.#text.slice(0, this.#at).split(/\r\n|\r|\n/);
    const column = (lines.at(-1) ?? "").length + 1;
    throw new ConflistError("broken", `${what} at line ${lines.length}, column ${column}`);
  }
}
