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
  /** A key that holds one of these words is secret: a-z only. */
  readonly words: readonly string[];
  /** ... unless it ends in one of these. */
  readonly endings: readonly string[];
}

/*
 * scan.c's twin for tests under Node. It finds the same answers in another way (it decodes strings, searches words one
 * by one, and shapes by a regular expression), so that comparing the two is a test of both.
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

const SECRET_SHAPE = /eyJ[\w-]*\.[\w-]*\.[\w-]|-----BEGIN /;

interface Level {
  readonly close: "}" | "]";
  /** Where the container begins, if its key is secret. */
  readonly secretStart: number | null;
}

class TwinScan {
  readonly text: string; // one character a byte
  readonly request: ScanRequest;
  at = 0;
  secretKey = false;
  member = -1;
  rawNewline = false;
  readonly members: number[];
  readonly found: [start: number, end: number][] = [];

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

  /** Notes every secret, including those within another; scanTwin keeps the outermost. */
  note(start: number, end: number): void {
    if (this.request.secretLimit > 0 && (this.request.everywhere || this.member >= 0))
      this.found.push([start, end]);
  }

  isSecretKey(name: string): boolean {
    const normal = name.replace(/[_.-]/g, "").replace(/[A-Z]/g, (c) => c.toLowerCase());
    const { words, endings } = this.request;
    return words.some((word) => normal.includes(word)) && !endings.some((ending) => normal.endsWith(ending));
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

  key(levels: number): void {
    const from = this.at;
    const name = this.string();
    this.secretKey = this.isSecretKey(name);
    if (levels === 1) this.member = this.request.members.indexOf(name);
    if (SECRET_SHAPE.test(name)) this.note(from, this.at);
    this.space();
    if (this.text.charAt(this.at) !== ":") this.fail(BYTE);
    this.at++;
    this.space();
  }

  /** A string or another scalar, noted if it is secret. */
  leaf(): void {
    const from = this.at;
    const quoted = this.text.charAt(from) === '"';
    const shape = quoted && SECRET_SHAPE.test(this.string());
    if (!quoted) this.scalar();
    if (shape || this.secretKey) this.note(from, this.at);
  }

  run(): { start: number; end: number; rawNewline: boolean } {
    this.space();
    if (this.text.charAt(this.at) !== "{") this.fail(NOT_OBJECT);
    this.rawNewline = false;
    const start = this.at;
    const levels: Level[] = [];
    let memberStart = 0;
    let state: "value" | "opened" | "item" | "ended" = "value";
    for (;;) {
      const c = this.text.charAt(this.at);
      const level = levels.at(-1);
      if (state === "value") {
        if (levels.length === 1) memberStart = this.at;
        if (c === "{" || c === "[") {
          if (levels.length >= this.request.depthLimit) this.fail(DEEP);
          levels.push({ close: c === "{" ? "}" : "]", secretStart: this.secretKey ? this.at : null });
          this.at++;
          this.space();
          state = "opened";
        } else {
          this.leaf();
          state = "ended";
        }
      } else if (state === "item") {
        this.secretKey = false;
        if (level?.close === "}") this.key(levels.length);
        state = "value";
      } else {
        if (state === "ended") {
          if (levels.length === 1 && this.member >= 0)
            this.members.splice(2 * this.member, 2, memberStart, this.at);
          this.space();
        }
        const next = this.text.charAt(this.at);
        if (next === level?.close) {
          this.at++;
          if (level.secretStart !== null) this.note(level.secretStart, this.at);
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

function outermost(spans: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const sorted = [...spans].sort((a, b) => a[0] - b[0] || b[1] - a[1]);
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
  try {
    const spans = scan.run();
    const secrets = outermost(scan.found);
    const overflow = secrets.length > request.secretLimit;
    return {
      error: 0,
      at: 0,
      ...spans,
      overflow,
      members,
      secrets: secrets.slice(0, request.secretLimit).flat(),
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { code, at } = error;
    return { error: code, at, start: 0, end: 0, rawNewline: false, overflow: false, members, secrets: [] };
  }
}
