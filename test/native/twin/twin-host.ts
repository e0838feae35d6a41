import { asByteString, type ByteString, encodeUtf8 } from "../../../src/log/byte-string.ts";
import type { Pieces } from "../../../src/log/pieces.ts";
import { isSecretKey } from "../../../src/log/secret-keys.ts";
import { secretsIn } from "../../../src/log/secret-texts.ts";
import type { LogTarget } from "../../../src/log/target.ts";
import type { Instant } from "../../../src/log/time.ts";
import type { Host, Scan } from "../../../src/native/host.ts";
import { INPUT_LEVELS_MOST, SECRETS_MOST } from "../../../src/native/limits.ts";
import { scanTwin } from "./twin-scan.ts";

/** The environment that a twin of the host gets in place of a process's own. */
export interface TwinWorld {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array | string;
  readonly terminal?: boolean;
  readonly now?: Instant;
  /** What `append` returns. */
  readonly faults?: readonly number[];
  /** What `reply` returns. */
  readonly replyErrno?: number;
}

/** The host under Node, for tests: the scan's twin, and in place of files and descriptors what was written to them. */
export class TwinHost implements Host {
  readonly world: TwinWorld;
  readonly lines: { readonly target: LogTarget; readonly text: string }[] = [];
  stdout = "";
  stderr = "";
  inputReads = 0;
  readonly #input: Buffer;

  constructor(world: TwinWorld) {
    this.world = world;
    this.#input = Buffer.from(world.stdin ?? "");
  }

  env(name: string): ByteString | null {
    const value = this.world.env?.[name];
    return value === undefined ? null : encodeUtf8(value);
  }

  isTerminal(): boolean {
    return this.world.terminal ?? false;
  }

  pid(): number {
    return 4711;
  }

  now(): Instant {
    return this.world.now ?? [1763674680, 123456];
  }

  readInput(members: readonly string[], everywhere: boolean): Scan {
    this.inputReads++;
    return scanTwin(this.#input, {
      depthLimit: INPUT_LEVELS_MOST,
      secretLimit: SECRETS_MOST,
      everywhere,
      members,
    });
  }

  text(start: number, end: number): ByteString {
    if (start < 0 || start > end || end > this.#input.length) throw new RangeError("text");
    return asByteString(this.#input.toString("latin1", start, end));
  }

  isSecretKey(key: string): boolean {
    return isSecretKey(key);
  }

  secretsIn(text: string): readonly number[] | null {
    return secretsIn(text);
  }

  append(target: LogTarget, line: Readonly<Pieces>, flatten: boolean, escapeControls: boolean): number[] {
    this.lines.push({ target, text: utf8(this.join(line, flatten, escapeControls)) });
    return [...(this.world.faults ?? [])];
  }

  reply(pieces: Readonly<Pieces>): number {
    this.stdout += utf8(this.join(pieces, false, false));
    return this.world.replyErrno ?? 0;
  }

  complain(text: string): void {
    this.stderr += text;
  }

  errorText(errno: number): string {
    return `errno ${errno}`;
  }

  /** The bytes of a list of pieces, as a binary string. */
  protected join(pieces: Readonly<Pieces>, flatten: boolean, escapeControls: boolean): string {
    let joined = "";
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index];
      if (typeof piece === "string") {
        joined += piece;
        continue;
      }
      const slice = this.text(piece ?? -1, Number(pieces[++index]));
      joined += flatten ? slice.replace(/[\r\n]/g, " ") : slice;
    }
    return escapeControls ? joined.replace(/\x7f|\xc2[\x80-\x9f]/g, escapeControl) : joined;
  }
}

function utf8(binary: string): string {
  return Buffer.from(binary, "latin1").toString();
}

/** U+007F, or a C1 control character as two bytes of UTF-8, as JSON escapes it. */
function escapeControl(bytes: string): string {
  return `\\u00${bytes.charCodeAt(bytes.length - 1).toString(16)}`;
}
