import { mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { removeDurably, writeAtomically } from "../../machine/atomic-file.ts";
import { cannot, causeOf, codeOf } from "../../machine/machine-error.ts";
import { encodeHeld, type HeldPod, parseHeld } from "./held.ts";

const MOST_BYTES = 16 << 20;

/** The file of the devices that are in pods. */
export class HeldFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads it. What is wrong in it is left out, with a complaint. */
  read(): { readonly pods: readonly HeldPod[]; readonly complaint: string } {
    const without = (why: string) => ({ pods: [], complaint: `Cannot read ${this.#path}: ${why}` });
    try {
      const stat = statSync(this.#path);
      if (!stat.isFile()) return without("it is no file");
      if (stat.size > MOST_BYTES) return without(`it is larger than ${MOST_BYTES} bytes`);
      const { pods, broken } = parseHeld(readFileSync(this.#path, "utf8"));
      if (broken === 0) return { pods, complaint: "" };
      const whose = "it was not written by network-device-injector";
      return { pods, complaint: `Cannot read ${broken} of the entries of ${this.#path}: ${whose}` };
    } catch (error) {
      return codeOf(error) === "ENOENT" ? { pods: [], complaint: "" } : without(causeOf(error));
    }
  }

  /** @throws {MachineError} if it cannot be written */
  write(pods: readonly HeldPod[]): void {
    if (pods.length === 0) {
      removeDurably(this.#path);
      return;
    }
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o755 });
    } catch (error) {
      throw cannot(`make ${dirname(this.#path)}`, error);
    }
    writeAtomically(this.#path, Buffer.from(encodeHeld(pods)), { mode: 0o600 });
  }
}
