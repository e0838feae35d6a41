import { HIDES, hidesOf } from "../../../src/log/secret-keys.ts";
import { holdsSecretShape, secretParts } from "../../../src/log/secret-texts.ts";
import { SCAN_ERRORS, type Scan } from "../../../src/native/host.ts";

/** What a scan looks for, and its limits: `struct scan_request`. */
export interface ScanRequest {
  /** Levels of nesting, the object itself being the first. */
  readonly depthLimit: number;
  /** How many secrets are noted before `overflow`; 0 looks for none. */
  readonly secretLimit: number;
  /** Whether secrets are searched in the whole object, or only in these members. */
  readonly everywhere: boolean;
  /** Names of top-level members. */
  readonly members: readonly string[];
  /** Index of the name whose members are to be cut out; none by default. */
  readonly cut?: number;
  /** Whether any JSON value will do. */
  readonly anyValue?: boolean;
}

/*
 * scan.c's twin for tests under Node. It finds the same answers in another way (it decodes strings, and asks src/log/
 * which of them are secret), so that comparing the two is a test of both.
 */

class Fault extends Error {
  readonly code: number;
  readonly at: number;
  constructor(code: number, at: number) {
    super(`scan error ${code} at ${at}`);
    this.code = code;
    this.at = at;
  }
}

function codeOf(name: string): number {
  return SCAN_ERRORS.findIndex(([one]) => one === name);
}

const END = codeOf("SCAN_END");
const BYTE = codeOf("SCAN_BYTE");
const ESCAPE = codeOf("SCAN_ESCAPE");
const CONTROL = codeOf("SCAN_CONTROL");
const DEEP = codeOf("SCAN_DEEP");
const NOT_OBJECT = codeOf("SCAN_NOT_OBJECT");
const TRAILING = codeOf("SCAN_TRAILING");

interface Level {
  readonly close: "}" | "]";
  /** Where the container begins, if its key is secret. */
  readonly secretStart: number | null;
  /** The key of the current member. */
  key: string;
  /** What the members "name" and "key" hide so far. */
  hides: number;
  /** The last member "value", for a name that comes after it. */
  value: { readonly start: number; readonly kind: number; end: number | null } | null;
}

/** A member of the top level. */
interface Member {
  readonly key: number;
  readonly index: number;
  end: number;
}

/** As many as C notes, SCAN_CUTS. */
const CUTS = 64;

/** 1 is a part of a string. */
type Secret = [start: number, end: number, inner: 0 | 1];

class TwinScan {
  readonly text: string; // one character a byte
  readonly request: ScanRequest;
  at = 0;
  /** Which values the current key hides. */
  hides = 0;
  member = -1;
  rawNewline = false;
  readonly members: number[];
  readonly found: Secret[] = [];
  readonly late: Secret[] = [];
  readonly levels: Level[] = [];
  secretLevels = 0;
  readonly top: Member[] = [];

  constructor(bytes: Uint8Array, request: ScanRequest) {
    this.text = Buffer.from(bytes).toString("latin1");
    this.request = request;
    this.members = request.members.flatMap(() => [0, 0]);
  }

  fail(code: number, at = this.at): never {
    throw at >= this.text.length ? new Fault(END, this.text.length) : new Fault(code, at);
  }

  space(): void {
    for (; ; this.at++) {
      const c = this.text.charAt(this.at);
      if (c === "\n" || c === "\r") this.rawNewline = true;
      else if (c !== " " && c !== "\t") return;
    }
  }

  /** Skips a string and returns its decoded text. */
  string(): string {
    const from = this.at;
    if (this.text.charAt(from) !== '"') this.fail(BYTE);
    for (let at = from + 1; ; at++) {
      const c = this.text.charAt(at);
      if (c === "") this.fail(END, at);
      if (c < " ") this.fail(CONTROL, at);
      if (c === '"') {
        this.at = at + 1;
        return String(JSON.parse(this.text.slice(from, this.at)));
      }
      if (c !== "\\") continue;
      at++;
      const letter = this.text.charAt(at);
      if (letter === "u") {
        for (let digit = 0; digit < 4; digit++) {
          at++;
          if (!/^[0-9a-fA-F]$/.test(this.text.charAt(at))) this.fail(ESCAPE, at);
        }
      } else if (letter === "" || !'"\\/bfnrt'.includes(letter)) this.fail(ESCAPE, at);
    }
  }

  /** Whether secrets are searched here. */
  isSearched(): boolean {
    return this.request.everywhere || this.member >= 0;
  }

  /** Notes every secret, including those within another; scanTwin keeps the outermost. */
  note(start: number, end: number, inner: 0 | 1 = 0): void {
    if (this.request.secretLimit > 0 && this.isSearched()) this.found.push([start, end, inner]);
  }

  /** Notes what is secret in the string that ends here. */
  noteString(from: number, text: string): void {
    const shape = holdsSecretShape(text);
    if (shape) this.note(from, this.at);
    const parts = shape ? [] : secretParts(this.text.slice(from + 1, this.at - 1));
    for (let index = 0; index < parts.length; index += 2)
      this.note(from + 1 + (parts[index] ?? 0), from + 1 + (parts[index + 1] ?? 0), 1);
  }

  /** The level of the current member's object, if secrets are searched and it is not inside one. */
  openLevel(): Level | undefined {
    return this.secretLevels === 0 && this.isSearched() ? this.levels.at(-1) : undefined;
  }

  /** A member "name" or "key", which may be the key of the member "value". */
  takeName(name: string): void {
    const level = this.openLevel();
    if (level?.key !== "name" && level?.key !== "key") return;
    const hides = hidesOf(name);
    level.hides |= hides;
    if (!level.value?.end || (hides & level.value.kind) === 0) return;
    if (this.request.secretLimit > 0) this.late.push([level.value.start, level.value.end, 0]);
    level.value = null;
  }

  /** A value begins here. */
  noteValue(kind: number): void {
    const level = this.openLevel();
    if (level?.key === "value") level.value = { start: this.at, kind, end: null };
  }

  scalar(): void {
    for (const word of ["true", "false", "null"]) {
      if (this.text.charAt(this.at) !== word.charAt(0)) continue;
      for (const letter of word) {
        if (this.text.charAt(this.at) !== letter) this.fail(BYTE);
        this.at++;
      }
      return;
    }
    this.number();
  }

  digits(): void {
    const from = this.at;
    while (/^[0-9]$/.test(this.text.charAt(this.at))) this.at++;
    if (this.at === from) this.fail(BYTE);
  }

  number(): void {
    if (this.text.charAt(this.at) === "-") this.at++;
    if (this.text.charAt(this.at) === "0") this.at++;
    else this.digits();
    if (this.text.charAt(this.at) === ".") {
      this.at++;
      this.digits();
    }
    if (/^[eE]$/.test(this.text.charAt(this.at))) {
      this.at++;
      if (/^[+-]$/.test(this.text.charAt(this.at))) this.at++;
      this.digits();
    }
  }

  key(): void {
    const from = this.at;
    const name = this.string();
    const level = this.levels.at(-1);
    if (this.levels.length === 1) {
      this.member = this.request.members.indexOf(name);
      this.top.push({ key: from, index: this.member, end: 0 });
    }
    this.hides = hidesOf(name) | (name === "value" ? (level?.hides ?? 0) : 0);
    if (level) level.key = name;
    this.noteString(from, name);
    this.space();
    if (this.text.charAt(this.at) !== ":") this.fail(BYTE);
    this.at++;
    this.space();
  }

  /** A string or another scalar, noted if it is secret. */
  leaf(): void {
    const from = this.at;
    if (this.text.charAt(from) === '"') {
      this.noteValue(HIDES.strings);
      const text = this.string();
      if ((this.hides & HIDES.strings) !== 0) this.note(from, this.at);
      else this.noteString(from, text);
      this.takeName(text);
    } else {
      this.noteValue(HIDES.others);
      this.scalar();
      if ((this.hides & HIDES.others) !== 0) this.note(from, this.at);
    }
  }

  run(): { start: number; end: number; rawNewline: boolean } {
    this.space();
    const first = this.text.charAt(this.at);
    if (first !== "{" && (first === "" || !this.request.anyValue)) this.fail(NOT_OBJECT);
    this.rawNewline = false;
    const start = this.at;
    const { levels } = this;
    let memberStart = 0;
    let state: "value" | "opened" | "item" | "ended" = "value";
    for (;;) {
      const c = this.text.charAt(this.at);
      const level = levels.at(-1);
      if (state === "value") {
        if (levels.length === 1) memberStart = this.at;
        if (c === "{" || c === "[") {
          if (levels.length >= this.request.depthLimit) this.fail(DEEP);
          this.noteValue(HIDES.containers);
          const secretStart = (this.hides & HIDES.containers) !== 0 ? this.at : null;
          if (secretStart !== null) this.secretLevels++;
          levels.push({ close: c === "{" ? "}" : "]", secretStart, key: "", hides: 0, value: null });
          this.at++;
          this.space();
          state = "opened";
        } else {
          this.leaf();
          state = "ended";
          if (levels.length === 0) break;
        }
      } else if (state === "item") {
        this.hides = 0;
        if (level?.close === "}") this.key();
        state = "value";
      } else {
        if (state === "ended") {
          if (level?.key === "value" && level.value) level.value.end = this.at;
          const last = this.top.at(-1);
          if (levels.length === 1 && last) last.end = this.at;
          if (levels.length === 1 && this.member >= 0)
            this.members.splice(2 * this.member, 2, memberStart, this.at);
          this.space();
        }
        const next = this.text.charAt(this.at);
        if (next === level?.close) {
          this.at++;
          if (level.secretStart !== null) {
            this.secretLevels--;
            this.note(level.secretStart, this.at);
          }
          levels.pop();
          state = "ended";
          if (levels.length === 0) break;
        } else if (state === "opened") {
          state = "item";
        } else if (next === ",") {
          this.at++;
          this.space();
          state = "item";
        } else this.fail(BYTE);
      }
    }
    const end = this.at;
    const { rawNewline } = this;
    this.space();
    if (this.at < this.text.length) this.fail(TRAILING);
    return { start, end, rawNewline };
  }
}

/**
 * What to take out for the members of an index to be gone: each with the comma before it; those at the front together, with
 * the comma after them.
 */
function cutsOf(top: readonly Member[], cut: number): number[] {
  const stays = top.findIndex(({ index }) => index !== cut);
  const front = stays < 0 ? top.length : stays;
  const cuts: number[] = [];
  const [first] = top;
  if (first && front > 0) cuts.push(first.key, top[front]?.key ?? top.at(-1)?.end ?? 0);
  for (const [at, { index, end }] of top.entries())
    if (at > front && index === cut && cuts.length < 2 * CUTS) cuts.push(top[at - 1]?.end ?? 0, end);
  return cuts;
}

function outermost(secrets: readonly Secret[]): Secret[] {
  const sorted = [...secrets].sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  let reach = 0;
  return sorted.filter(([start, end]) => {
    const outside = start >= reach;
    if (outside) reach = end;
    return outside;
  });
}

/** What scan_json of scan.c returns. */
export function scanTwin(bytes: Uint8Array, request: ScanRequest): Scan {
  const scan = new TwinScan(bytes, request);
  const { members } = scan;
  const limit = request.secretLimit;
  try {
    const spans = scan.run();
    // C keeps the two lists apart until the end, and each has its limit.
    const [found, late] = [outermost(scan.found), scan.late];
    const secrets = outermost([...found.slice(0, limit), ...late.slice(0, limit)]);
    const overflow = [found, late, secrets].some(({ length }) => length > limit);
    const cuts = request.cut === undefined ? {} : { cuts: cutsOf(scan.top, request.cut) };
    return { error: 0, at: 0, ...spans, overflow, members, secrets: secrets.slice(0, limit).flat(), ...cuts };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { code, at } = error;
    return { error: code, at, start: 0, end: 0, rawNewline: false, overflow: false, members, secrets: [] };
  }
}
