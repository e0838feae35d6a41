import { asByteString, type ByteString } from "../log/byte-string.ts";
import { ConflistError } from "./conflist-error.ts";
import type { Network } from "./network.ts";

const LIST_NAME = /^[0-9]*-?cni-tap-.*\.conflist$/;

/** Whether a file's name is that of a list that was made from a single plugin. */
export function isListFromSingle(file: string): boolean {
  return LIST_NAME.test(file);
}

/** A list of the one plugin of a `.conf` file, as libcni makes it (`ConfListFromConf`). */
export function listFromSingle(network: Network): ByteString {
  const plugin = network.plugins[0];
  if (network.kind !== "single" || !plugin) throw new TypeError(`${network.file} is no single plugin`);
  if (network.name === "") throw new ConflistError("refused", "it has no name, and a list must have one");
  const entry = network.text.slice(plugin.value.start, plugin.value.end);
  const version = network.cniVersion === "" ? "" : `  "cniVersion": ${JSON.stringify(network.cniVersion)},\n`;
  const lines = entry.replace(/\r\n?|\n/g, "\n    "); // no string holds a raw line end
  return asByteString(
    `{\n${version}  "name": ${JSON.stringify(network.name)},\n  "plugins": [\n    ${lines}\n  ]\n}\n`,
  );
}

/**
 * A name for the list that runtimes read before the single plugin's file, and not before any that is read earlier now.
 * @param others all names that runtimes read
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
