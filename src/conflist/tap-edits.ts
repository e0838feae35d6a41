import { ConflistError } from "./conflist-error.ts";
import { formatEntry } from "./format.ts";
import type { JsonArray } from "./json.ts";
import type { Network, Plugin } from "./network.ts";
import type { StanzaEntry, TapType } from "./tap-entries.ts";
import type { Edit } from "./text-edit.ts";

/*
 * An insertion adds exactly what a removal deletes. Before the first entry: the new entry, and a copy of the
 * white space before the first one. After the last entry: a copy of the white space before it, and the new
 * entry. Into an empty array: white space and the entry. So a removal restores the original bytes without a
 * record of them.
 */

/** Inserts an entry before all others. */
export function planInsertFirst(network: Network, type: TapType, stanza: StanzaEntry): Edit[] {
  const array = arrayOf(network);
  const first = array.items[0];
  const space = leadingSpace(network.text, array);
  const entry = formatEntry({ type, ...stanza }, network.text, space, first);
  if (!first) return [{ offset: array.start + 1, length: 0, content: `${space}${entry}` }];
  return [{ offset: first.start, length: 0, content: `${entry},${space}` }];
}

/** Inserts an entry after all others. */
export function planInsertLast(network: Network, type: TapType, stanza: StanzaEntry): Edit[] {
  const array = arrayOf(network);
  const last = array.items.at(-1);
  if (!last) return planInsertFirst(network, type, stanza);
  const before = array.items.at(-2);
  const space = before
    ? network.text.slice(network.text.indexOf(",", before.end) + 1, last.start)
    : leadingSpace(network.text, array);
  const entry = formatEntry({ type, ...stanza }, network.text, space, last);
  return [{ offset: last.end, length: 0, content: `,${space}${entry}` }];
}

/** Replaces an entry in its place. */
export function planReplace(network: Network, plugin: Plugin, type: TapType, stanza: StanzaEntry): Edit[] {
  const { start, end } = plugin.value;
  const lineStart = network.text.lastIndexOf("\n", start) + 1;
  const indent = network.text.slice(lineStart, start);
  const space = /^[ \t]*$/.test(indent) && lineStart > 0 ? `\n${indent}` : "";
  const content = formatEntry({ type, ...stanza }, network.text, space, plugin.value);
  return [{ offset: start, length: end - start, content }];
}

/** Removes the entries that `which` selects, each with its comma and white space. */
export function planRemove(network: Network, which: (plugin: Plugin) => boolean): Edit[] {
  const edits: Edit[] = [];
  let keptEnd: number | null = null;
  for (let at = 0; at < network.plugins.length; at++) {
    const plugin = network.plugins[at];
    if (!plugin) break;
    if (!which(plugin)) {
      keptEnd = plugin.value.end;
      continue;
    }
    const kept = network.plugins.findIndex((other, index) => index > at && !which(other));
    const next = network.plugins[kept];
    if (next) {
      edits.push({ offset: plugin.value.start, length: next.value.start - plugin.value.start, content: "" });
      at = kept - 1;
    } else {
      const end = network.plugins.at(-1)?.value.end ?? plugin.value.end;
      const offset = keptEnd ?? (network.array?.start ?? 0) + 1;
      edits.push({ offset, length: end - offset, content: "" });
      break;
    }
  }
  return edits;
}

function arrayOf(network: Network): JsonArray {
  if (!network.array) throw new ConflistError("refused", "it has no plugins of its own");
  return network.array;
}

/** The white space between `[` and the first entry; in an empty array, the white space to use there. */
function leadingSpace(text: string, array: JsonArray): string {
  const [first] = array.items;
  if (first) return text.slice(array.start + 1, first.start);
  const space = text.slice(array.start + 1, array.end - 1);
  return space.includes("\n") ? `${space}  ` : space;
}
