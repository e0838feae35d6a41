import { isText } from "./yaml.ts";

/** What a text in YAML is made of. */
export type Tree = string | number | bigint | boolean | readonly Tree[] | ReadonlyMap<string, Tree>;

/** The width from which texts are folded at a space. */
const WIDTH = 80;
const STEP = 2;

/**
 * Lines of YAML as go-yaml 2 writes them: keys in natural order, lists not indented below their key, block
 * literals for texts of several lines.
 */
export function emitYaml(tree: Tree): string[] {
  const emitter = new Emitter();
  emitter.emit(tree, 0);
  return emitter.lines;
}

class Emitter {
  readonly lines: string[] = [];
  /** The line that is being written. */
  #line = "";

  emit(tree: Tree, indent: number): void {
    if (isList(tree)) this.#list(tree, indent);
    else if (isMap(tree)) this.#map(tree, indent);
    else {
      this.#scalar(tree, indent);
      this.#end();
    }
  }

  #list(items: readonly Tree[], indent: number): void {
    for (const item of items) {
      this.#pad(indent);
      this.#line += "- ";
      this.emit(item, indent + STEP);
    }
  }

  #map(map: ReadonlyMap<string, Tree>, indent: number): void {
    if (map.size === 0) {
      this.#line += "{}";
      this.#end();
    }
    for (const [key, value] of [...map].sort(([a], [b]) => compareKeys(a, b))) {
      this.#pad(indent);
      this.#line += `${inline(key)}:`;
      const nested = isList(value) || (isMap(value) && value.size > 0);
      if (nested) this.#end();
      else this.#line += " ";
      this.emit(value, isList(value) || !nested ? indent : indent + STEP);
    }
  }

  #scalar(value: string | number | bigint | boolean, indent: number): void {
    if (typeof value !== "string") this.#line += String(value);
    else if (value.includes("\n") && !/[^\S\n]$|[^\S\n]\n/.test(value) && isPrintable(value))
      this.#literal(value, indent);
    else this.#fold(inline(value), this.#contentIndent(indent));
  }

  /** Inside a list the line is already at its content. */
  #contentIndent(indent: number): number {
    return /^ *(- )+$/.test(this.#line) ? indent : indent + STEP;
  }

  #literal(text: string, indent: number): void {
    const pad = " ".repeat(this.#contentIndent(indent));
    const first = /^[ \n]/.test(text) ? String(STEP) : "";
    const last = !text.endsWith("\n") ? "-" : text === "\n" || text.endsWith("\n\n") ? "+" : "";
    this.#line += `|${first}${last}`;
    for (const line of text.replace(/\n$/, "").split("\n")) {
      this.#end();
      this.#line = line === "" ? "" : `${pad}${line}`;
    }
  }

  /** Breaks at single spaces beyond the width. In quotation marks of double ones go-yaml marks the break. */
  #fold(text: string, indent: number): void {
    const double = text.startsWith('"');
    let column = this.#line.length;
    let from = 0;
    for (let at = 1; at < text.length - 1; at++) {
      const single = text[at] === " " && text[at - 1] !== " " && (double || text[at + 1] !== " ");
      if (!single || column + (at - from) <= WIDTH) continue;
      this.#line += text.slice(from, at);
      this.#end();
      this.#line = " ".repeat(indent);
      if (double && text[at + 1] === " ") this.#line += "\\";
      column = this.#line.length;
      from = at + 1;
    }
    this.#line += text.slice(from);
  }

  #pad(indent: number): void {
    this.#line = this.#line.padEnd(indent);
  }

  #end(): void {
    this.lines.push(this.#line);
    this.#line = "";
  }
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}
function isMap(tree: Tree): tree is ReadonlyMap<string, Tree> {
  return tree instanceof Map;
}

/** A text on one line: plain where it stays a text, else in quotation marks. */
function inline(text: string): string {
  if (!isPrintable(text) || text.includes("\n")) return doubleQuoted(text);
  if (!isText(text)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  const marked = /^(---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[-?:](\s|$)| )|:(\s|$)|\s#| $/.test(text);
  return marked ? `'${text.replaceAll("'", "''")}'` : text;
}

function isPrintable(text: string): boolean {
  return /^[\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u.test(text);
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ "\0": "\\0", "\x07": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f" },
  ...{ "\r": "\\r", "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\u0085": "\\N", "\u00a0": "\\_" },
  ...{ "\u2028": "\\L", "\u2029": "\\P" },
};

function doubleQuoted(text: string): string {
  const escaped = [...text].map((char) => {
    if (ESCAPES[char] !== undefined) return ESCAPES[char];
    if (isPrintable(char)) return char;
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16).toUpperCase();
    return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `"${escaped.join("")}"`;
}

/** go-yaml's order of keys: letters after all others, numbers by value. */
function compareKeys(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const [x, y] = [a[at], b[at]];
  if (x === undefined || y === undefined) return a.length - b.length;
  const letters = [x, y].map((char) => /\p{L}/u.test(char));
  if (letters[0] && letters[1]) return x < y ? -1 : 1;
  if (letters[0] || letters[1]) return letters[1] ? -1 : 1;
  const afterDigit = (x === "0" || y === "0") && /[1-9][0-9]*$/.test(a.slice(0, at));
  const runs = [a, b].map((key) => /^[0-9]*/.exec(key.slice(at))?.[0] ?? "");
  const [m = 0n, n = 0n] = runs.map((run) => BigInt(`${afterDigit ? "1" : "0"}${run}`));
  if (m !== n) return m < n ? -1 : 1;
  return (runs[0]?.length ?? 0) - (runs[1]?.length ?? 0) || (x < y ? -1 : 1);
}
