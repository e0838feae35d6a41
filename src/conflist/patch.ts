import type { ByteString } from "../log/byte-string.ts";
import { ConflistError } from "./conflist-error.ts";
import { isSameJson } from "./json.ts";
import { type Network, type Plugin, readNetwork } from "./network.ts";
import { planInsertFirst, planInsertLast, planRemove, planReplace } from "./tap-edits.ts";
import { type DesiredTaps, entryOf, isTap, type StanzaEntry } from "./tap-entries.ts";
import { applyEdits, type Edit } from "./text-edit.ts";
import { planUnwrap, planWrap } from "./wrap-edits.ts";
import { isWrapped, typeOf, WRAP_KEY } from "./wrapped-plugin.ts";

/**
 * The list's text with the desired taps and wrappers and no others. A tap in a working position stays there
 * even if it is not first or last: otherwise cnitap and other software that adds itself after cni_post would
 * move their entries for ever. Returns the same text if nothing has to change.
 * @throws {ConflistError} `refused` if the result would not be exactly what was desired
 */
export function patch(network: Network, desired: DesiredTaps): ByteString {
  const bare = unwrap(network, (plugin) => !isRightlyWrapped(network, plugin, desired));
  let now = edit(
    bare,
    planRemove(bare, (plugin) => isMisplaced(bare, plugin, desired)),
  );
  for (const type of ["cni_pre", "cni_post"] as const) {
    const stanza = stanzaOf(desired, type);
    if (!stanza) continue;
    const existing = now.plugins.find((plugin) => plugin.type === type);
    if (existing && isSameJson(entryOf(now, existing), { type, ...stanza })) continue;
    const insert = type === "cni_pre" ? planInsertFirst : planInsertLast;
    now = edit(now, existing ? planReplace(now, existing, type, stanza) : insert(now, type, stanza));
  }
  const plain = now;
  const bareOnes = plain.plugins.filter((plugin) => !isWrapped(plugin) && isToWrap(plugin, desired));
  now = edit(
    plain,
    bareOnes.flatMap((plugin) => planWrap(plain, plugin, desired.wrap?.keys ?? {})),
  );
  verify(network, now, desired);
  return now.text;
}

/**
 * The list's text without taps and wrappers: the same bytes as before `patch`.
 * @throws {ConflistError} `refused` if a wrapper does not name its plugin
 */
export function withoutTaps(network: Network): ByteString {
  const bare = unwrap(network, isWrapped);
  return applyEdits(
    bare.text,
    planRemove(bare, (plugin) => isTap(plugin.type)),
  );
}

/** Throws if the result does not have exactly the desired taps, or if other bytes have changed. */
function verify(before: Network, after: Network, desired: DesiredTaps): void {
  const types = (["cni_pre", "cni_post"] as const).filter((type) => stanzaOf(desired, type));
  const taps = after.plugins.filter((plugin) => isTap(plugin.type));
  const correct =
    taps.map((plugin) => plugin.type).join() === types.join() &&
    taps.every((plugin) =>
      isSameJson(entryOf(after, plugin), { type: plugin.type, ...stanzaOf(desired, plugin.type) }),
    );
  const wrapped = after.plugins.every(
    (plugin) => isWrapped(plugin) === isToWrap(plugin, desired) && isRightlyWrapped(after, plugin, desired),
  );
  if (!correct || !wrapped || withoutTaps(after) !== withoutTaps(before)) {
    throw new ConflistError("refused", "the edited file would not say what was wanted");
  }
}

/** Whether a plugin is to be wrapped, or to stay so. */
function isToWrap(plugin: Plugin, { wrap }: DesiredTaps): boolean {
  const type = typeOf(plugin);
  if (!wrap || type === null || isTap(type)) return false;
  return wrap.only === null || wrap.only.includes(type);
}

/** Whether a plugin has no wrapper, or the desired one with the desired keys. */
function isRightlyWrapped(network: Network, plugin: Plugin, desired: DesiredTaps): boolean {
  if (!isWrapped(plugin)) return true;
  const wanted = { type: typeOf(plugin), ...desired.wrap?.keys };
  return isToWrap(plugin, desired) && isSameJson(entryOf(network, plugin)[WRAP_KEY], wanted);
}

/** The network with those of its wrapped plugins bare that `which` selects. */
function unwrap(network: Network, which: (plugin: Plugin) => boolean): Network {
  const chosen = network.plugins.filter((plugin) => isWrapped(plugin) && which(plugin));
  return edit(
    network,
    chosen.flatMap((plugin) => planUnwrap(network, plugin)),
  );
}

/** Whether a plugin is a tap that is not desired, a duplicate, or on the wrong side of the others. */
function isMisplaced(network: Network, plugin: Plugin, desired: DesiredTaps): boolean {
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
