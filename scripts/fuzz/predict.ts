import { asByteString, type ByteString } from "../../src/log/byte-string.ts";
import type { Pieces } from "../../src/log/pieces.ts";
import type { LogTarget } from "../../src/log/target.ts";
import { run } from "../../src/tap/run-tap.ts";
import { TwinHost } from "../../test/native/twin/twin-host.ts";
import type { Call } from "./call.ts";

/** The expected answer: that of the same script on the host's twin, where log and descriptors never fail. */
export interface Prediction {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly line: { readonly target: LogTarget; readonly text: string } | null;
}

/** The twin with bytes as input and output: environment and payload may be invalid UTF-8. */
class BinaryTwin extends TwinHost {
  readonly #env: Call["env"];
  readonly written: { target: LogTarget; text: string }[] = [];
  replied = "";

  constructor({ env, stdin }: Call) {
    super({ stdin: Buffer.from(stdin, "latin1") });
    this.#env = env;
  }

  override env(name: string): ByteString | null {
    const value = this.#env[name];
    return value === undefined ? null : asByteString(value);
  }

  override append(
    target: LogTarget,
    line: Readonly<Pieces>,
    flatten: boolean,
    escapeControls: boolean,
  ): number[] {
    this.written.push({ target, text: this.join(line, flatten, escapeControls) });
    return [];
  }

  override reply(pieces: Readonly<Pieces>): number {
    this.replied += this.join(pieces, false, false);
    return 0;
  }
}

/** Predicts the answer of a call. Throws what the script throws. */
export function predict(call: Call): Prediction {
  const twin = new BinaryTwin(call);
  const code = run(call.role, twin);
  const { written, replied: stdout, stderr } = twin;
  return { code, stdout, stderr, line: written[0] ?? null };
}
