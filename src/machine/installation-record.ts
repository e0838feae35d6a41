import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Installation, parseInstallations, RECORD_PATH } from "../conflist/installations.ts";
import type { ByteString } from "../log/byte-string.ts";
import { bufferOf } from "./conf-dir.ts";
import { cannot, codeOf, MachineError } from "./machine-error.ts";
import type { Root } from "./root.ts";

export { RECORD_PATH };

/**
 * Reads cnitap's record; empty if the file does not exist.
 * @throws {MachineError} if it cannot be read or is invalid
 */
export function readRecord(root: Root): Installation[] {
  const path = root.at(RECORD_PATH);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw cannot(`read ${path}`, error);
  }
  const networks = parseInstallations(text);
  if (!networks) {
    throw new MachineError(
      `Cannot read ${path}: it is not what cnitap install writes\nRemove it; cnitap finds what is installed without it.`,
    );
  }
  return networks;
}

export function hashOf(text: ByteString): string {
  return `sha256:${createHash("sha256").update(bufferOf(text)).digest("hex")}`;
}
