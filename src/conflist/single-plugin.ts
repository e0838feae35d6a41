import { asByteString, type ByteString } from "../log/byte-string.ts";
import { ConflistError } from "./conflist-error.ts";
import type { Network } from "./network.ts";

const LIST_NAME = /^[0-9]*-?cni-tap-.*\.conflist$/;

/** Whether a file name is one that `listFileName` returns. */
export function isListFromSingle(file: string): boolean {
  return LIST_NAME.test(file);
}

/**
 * A list with the single plugin of a `.conf` file, like libcni's `ConfListFromConf`.
 * @throws {ConflistError} `refused` if the file has no name
 */
export function listFromSingle(network: Network): ByteString {
  const plugin = network.plugins[0];
  if (network.kind !== "single" || !plugin) throw new TypeError(`${network.file} is no single plugin`);
  if (network.name === "") throw new ConflistError("refused", "it has no name, and a list must have one");
  const entry = network.text.slice(plugin.value.start, plugin.value.end);
  const version = network.cniVersion === "" ? "" : `  "cniVersion": ${JSON.stringify(network.cniVersion)},\n`;
  const lines = entry.replace(/\r\n?|\n/g, "\n    "); // strings contain no raw line ends
  return asByteString(
    `{\n${version}  "name": ${JSON.stringify(network.name)},\n  "plugins": [\n    ${lines}\n  ]\n}\n`,
  );
}

/**
 * A name that runtimes sort directly before the single plugin's file, after all files that they read earlier.
 * @param others all names that runtimes read
 * @throws {ConflistError} `refused` if there is no such name
 */
export function listFileName(network: Network, others: readonly string[]): string {
  const digits = /^\d*/.exec(network.file)?.[0] ?? "";
  const lower =
    digits === "" || Number(digits) === 0 ? "0" : String(Number(digits) - 1).padStart(digits.length, "0");
  const earlier = others.filter((other) => other < network.file && !isListFromSingle(other));
  for (const prefix of [digits, lower, "0"]) {
    const name = `${prefix}-cni-tap-${network.name}.conflist`;
    if (name < network.file && earlier.every((other) => other < name)) return name;
  }
  throw new ConflistError("refused", "no name for a list would be read just before this file");
}
