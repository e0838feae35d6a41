import { isAlias, isMap, isScalar, isSeq, parseDocument, Scalar, type YAMLMap } from "yaml";

/** A value as Go's YAML library (go-yaml 2, YAML 1.1) reads it. Whole numbers are bigint, all others number. */
export type YamlValue = null | boolean | bigint | number | string | YamlValue[] | YamlMap;
/** Keys are texts, also those that were numbers. */
export type YamlMap = Map<string, YamlValue>;

/** Longer texts are refused: the runtime waits for the answer, and whoever makes a pod chooses the text. */
export const MOST_BYTES = 16 << 10;
/** How many values a text may have, each counted as often as aliases repeat it. */
const MOST_VALUES = 100_000;
const DEEPEST = 100;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\0-\x08\v\f\x0e-\x1f]/;

/**
 * Reads the first document of a YAML text, and so JSON.
 * @throws Error in the form of Go's sigs.k8s.io/yaml, without a word of the text
 */
export function readYaml(text: string): YamlValue {
  if (Buffer.byteLength(text) > MOST_BYTES) throw fault(`longer than ${MOST_BYTES} bytes`);
  if (CONTROL.test(text)) throw fault("control characters are not allowed");
  if (tooDeep(text)) throw fault(`deeper than ${DEEPEST} levels`);
  const document = parse(text);
  const error = document.errors.find(({ code }) => code !== "MULTIPLE_DOCS");
  if (error) {
    const line = text.slice(0, error.pos[0]).split("\n").length;
    throw fault(`line ${line}: ${error.code.toLowerCase().replaceAll("_", " ")}`);
  }
  return new Reader().read(document.contents, 0);
}

function parse(text: string) {
  try {
    // Scalars stay text: which of them are numbers is said below, as go-yaml has it.
    return parseDocument(text, {
      ...{ version: "1.1", schema: "failsafe", uniqueKeys: false, prettyErrors: false, logLevel: "error" },
    });
  } catch {
    throw fault("it cannot be read");
  }
}

/** A cheap upper bound: the parser needs quadratic time and much stack for what is deep. */
function tooDeep(text: string): boolean {
  let flow = 0;
  for (const line of text.split("\n")) {
    // "- - - x" and "? ? x" open a level with each mark.
    const marks = /^[\s?:-]*/.exec(line)?.[0].replace(/\s/g, "").length ?? 0;
    if (marks > DEEPEST) return true;
    for (const char of line) {
      if (char === "[" || char === "{") flow++;
      else if (char === "]" || char === "}") flow = Math.max(0, flow - 1);
      if (flow > DEEPEST) return true;
    }
  }
  return false;
}

interface Sized {
  readonly value: YamlValue;
  readonly size: number;
}

/** Makes values of the parser's nodes. Aliases share their value. */
class Reader {
  readonly #anchors = new Map<string, Sized>();
  #count = 0;

  read(node: unknown, depth: number): YamlValue {
    const before = this.#count;
    if (++this.#count > MOST_VALUES) throw fault("document contains excessive aliasing");
    if (depth > DEEPEST) throw fault(`deeper than ${DEEPEST} levels`);
    if (isAlias(node)) {
      const known = this.#anchors.get(node.source);
      if (!known) throw fault("unknown anchor, or one that contains itself");
      this.#count += known.size;
      return known.value;
    }
    const value = this.#readOwn(node, depth);
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, { value, size: this.#count - before });
    return value;
  }

  #readOwn(node: unknown, depth: number): YamlValue {
    if (isSeq(node)) return node.items.map((item) => this.read(item, depth + 1));
    if (isMap(node)) return this.#readMap(node, depth + 1);
    return isScalar(node) ? readScalar(node) : null;
  }

  #readMap(node: YAMLMap, depth: number): YamlMap {
    const own: YamlMap = new Map();
    const merged: YamlMap = new Map();
    for (const { key, value } of node.items) {
      const isMerge = isScalar(key) && key.type === Scalar.PLAIN && key.source === "<<";
      const name = isMerge ? "<<" : keyText(this.read(key, depth));
      const read = this.read(value, depth);
      if (!isMerge) own.set(name, read);
      else
        for (const part of Array.isArray(read) ? read : [read]) {
          if (!(part instanceof Map)) throw fault("map merge requires map or sequence of maps as the value");
          this.#count += part.size;
          for (const [inner, one] of part) if (!merged.has(inner)) merged.set(inner, one);
        }
    }
    return new Map([...merged, ...own]);
  }
}

function keyText(key: YamlValue): string {
  if (typeof key === "object" && key !== null) throw fault("a key is a text or a number");
  return String(key);
}

const WORDS = new Map<string, YamlValue>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...words("y yes true on", true),
  ...words("n no false off", false),
  ...[".inf", ".Inf", ".INF"].flatMap(
    (word) =>
      [
        [word, Number.POSITIVE_INFINITY],
        [`+${word}`, Number.POSITIVE_INFINITY],
        [`-${word}`, Number.NEGATIVE_INFINITY],
      ] as const,
  ),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, Number.NaN] as const),
]);

/** Each word in lower case, in upper case, and with a capital. */
function words(list: string, value: boolean): (readonly [string, boolean])[] {
  return list
    .split(" ")
    .flatMap((word) =>
      [word, word.toUpperCase(), `${word.charAt(0).toUpperCase()}${word.slice(1)}`].map(
        (one) => [one, value] as const,
      ),
    );
}

/** Timestamps, and numbers to base 60 of other libraries: texts here, but go-yaml puts them in quotation marks. */
const QUOTED =
  /^(<<|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9:.]+(Z|[-+][0-9:]+)?)?|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)$/;

/** Whether a plain word stays a text when it is read. */
export function isText(word: string): boolean {
  return typeof readWord(word) === "string" && !QUOTED.test(word);
}

function readScalar(node: Scalar): YamlValue {
  const text = typeof node.value === "string" ? node.value : "";
  const tag = node.tag?.replace("tag:yaml.org,2002:", "");
  if (tag === "str" || tag === "binary") return text;
  return node.type !== Scalar.PLAIN && tag === undefined ? text : readWord(text);
}

/** A plain scalar as go-yaml's resolve.go has it. Timestamps are texts. */
function readWord(text: string): YamlValue {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  return /^[-+.0-9]/.test(text) ? (readNumber(text.replaceAll("_", "")) ?? text) : text;
}

function readNumber(text: string): bigint | number | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  const octal = /^0([0-7]+)$/.exec(digits)?.[1];
  const plain = octal === undefined ? digits : `0o${octal}`;
  if (/^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(plain)) {
    const size = BigInt(plain);
    const whole = sign === "-" ? -size : size;
    if (whole >= -(2n ** 63n) && whole < 2n ** 64n) return whole;
  }
  if (!/^(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(digits)) return undefined;
  const float = Number(text);
  return Number.isFinite(float) ? float : undefined;
}

function fault(seen: string): Error {
  return new Error(`error converting YAML to JSON: yaml: ${seen}`);
}
