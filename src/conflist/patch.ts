import type { ByteString } from "../log/byte-string.ts";
import { ConflistError } from "./conflist-error.ts";
import { isSameJson } from "./json.ts";
import { type Network, type Plugin, readNetwork } from "./network.ts";
import { planInsertFirst, planInsertLast, planRemove, planReplace } from "./tap-edits.ts";
import { type DesiredTaps, entryOf, isTap, type StanzaEntry } from "./tap-entries.ts";
import { applyEdits, type Edit } from "./text-edit.ts";

/**
 * The list's text with the taps that are wished and no others. A tap that stands where it can do its work stays there
 * even if it is not the very first or last: other software that adds itself behind cni_post would else be fought for
 * ever. The same text comes back where nothing is to be changed.
 * @throws {ConflistError} `refused` where the result would not say exactly what was wished
 */
export function patch(network: Network, desired: DesiredTaps): ByteString {
  let now = edit(
    network,
    planRemove(network, (plugin) => isOdd(network, plugin, desired)),
  );
  for (const type of ["cni_pre", "cni_post"] as const) {
    const stanza = stanzaOf(desired, type);
    if (!stanza) continue;
    const there = now.plugins.find((plugin) => plugin.type === type);
    if (there && isSameJson(entryOf(now, there), { type, ...stanza })) continue;
    const insert = type === "cni_pre" ? planInsertFirst : planInsertLast;
    now = edit(now, there ? planReplace(now, there, type, stanza) : insert(now, type, stanza));
  }
  verify(network, now, desired);
  return now.text;
}

/** The list's text without taps: byte for byte what it was before `patch`. */
export function withoutTaps(network: Network): ByteString {
  return applyEdits(
    network.text,
    planRemove(network, (plugin) => isTap(plugin.type)),
  );
}

/** Refuses a result that is not the desired around the very bytes that were there. */
function verify(before: Network, after: Network, desired: DesiredTaps): void {
  const types = (["cni_pre", "cni_post"] as const).filter((type) => stanzaOf(desired, type));
  const taps = after.plugins.filter((plugin) => isTap(plugin.type));
  const right =
    taps.map((plugin) => plugin.type).join() === types.join() &&
    taps.every((plugin) =>
      isSameJson(entryOf(after, plugin), { type: plugin.type, ...stanzaOf(desired, plugin.type) }),
    );
  if (!right || withoutTaps(after) !== withoutTaps(before)) {
    throw new ConflistError("refused", "the edited file would not say what was wanted");
  }
}

/** A tap that is not wished, is there twice, or stands on the wrong side of the plugins. */
function isOdd(network: Network, plugin: Plugin, desired: DesiredTaps): boolean {
  if (!isTap(plugin.type)) return false;
  if (!stanzaOf(desired, plugin.type)) return true;
  if (network.plugins.find((other) => other.type === plugin.type) !== plugin) return true;
  const at = network.plugins.indexOf(plugin);
  const beyond = plugin.type === "cni_pre" ? network.plugins.slice(at + 1) : network.plugins.slice(0, at);
  const all = network.plugins.filter((other) => !isTap(other.type));
  return all.length > 0 && !beyond.some((other) => !isTap(other.type));
}

function stanzaOf(desired: DesiredTaps, type: string): StanzaEntry | null {
  return type === "cni_pre" ? desired.pre : type === "cni_post" ? desired.post : null;
}

function edit(network: Network, edits: readonly Edit[]): Network {
  return edits.length === 0 ? network : readNetwork(network.file, applyEdits(network.text, edits));
}
