import { ConflistError } from "./conflist-error.ts";
import { formatWrapMember, isSpaced } from "./format.ts";
import type { JsonMember, JsonScalar } from "./json.ts";
import type { Network, Plugin } from "./network.ts";
import type { StanzaEntry } from "./tap-entries.ts";
import type { Edit } from "./text-edit.ts";
import { isWrapped, WRAP_KEY, WRAPPER, wrappedType } from "./wrapped-plugin.ts";

/*
 * Wrapping changes two places of an entry, and unwrapping changes them back:
 *
 *   {"type": "calico",                                 "mtu": 0}
 *   {"type": "cni_wrap", "cniTap": {"type": "calico"}, "mtu": 0}
 *
 * The token of the type moves as it is written, and the new member is put directly behind it, with a comma and
 * the white space of its neighbour. Unwrapping takes a member out with the comma before it and all white space
 * between, as the wrapper does with what it hands on. So no record of the original bytes is needed.
 */

/**
 * Wraps a plugin in its place.
 * @throws {ConflistError} `refused` if the entry has a member `cniTap` of its own
 */
export function planWrap({ text }: Network, { type, value }: Plugin, keys: StanzaEntry): Edit[] {
  if (value.members.some(({ name }) => name === WRAP_KEY)) {
    throw new ConflistError("refused", `its plugin ${type} has a member ${WRAP_KEY} of its own`);
  }
  const at = value.members.findLastIndex(({ name }) => name === "type");
  const own = memberAt(value.members, at).value;
  const spaced = isSpaced(text.slice(value.start, value.end));
  const member = formatWrapMember(WRAP_KEY, text.slice(own.start, own.end), keys, spaced);
  const space = spaceBesides(text, value, at, spaced);
  return [
    { offset: own.start, length: own.end - own.start, content: JSON.stringify(WRAPPER) },
    { offset: own.end, length: 0, content: `,${space}${member}` },
  ];
}

/**
 * Puts the plugin itself back in the place of its wrapper.
 * @throws {ConflistError} `refused` if the entry does not name a plugin
 */
export function planUnwrap({ text, plugins }: Network, plugin: Plugin): Edit[] {
  const type = wrappedType(plugin);
  if (!isWrapped(plugin) || type === null || type.value === WRAPPER) {
    const place = plugins.indexOf(plugin) + 1;
    throw new ConflistError("refused", `its plugin ${place} is a ${WRAPPER} that names no plugin to wrap`);
  }
  const wrapper = lastType(plugin);
  const content = text.slice(type.start, type.end);
  return [
    { offset: wrapper.start, length: wrapper.end - wrapper.start, content },
    ...planTakeOut(plugin.value.members),
  ];
}

/** Takes every member `cniTap` out: with the comma before it, or behind it if no other member comes before. */
function planTakeOut(members: readonly JsonMember[]): Edit[] {
  const kept = members.findIndex(({ name }) => name !== WRAP_KEY);
  return members.flatMap((member, at) => {
    if (member.name !== WRAP_KEY) return [];
    const offset = at < kept ? member.key.start : memberAt(members, at - 1).value.end;
    const end = at < kept ? memberAt(members, at + 1).key.start : member.value.end;
    return [{ offset, length: end - offset, content: "" }];
  });
}

/** The white space for a member behind the one at an index: that of the next one, or of this one itself. */
function spaceBesides(
  text: string,
  { start, members }: Plugin["value"],
  at: number,
  spaced: boolean,
): string {
  const next = members[at + 1] ?? memberAt(members, at);
  const before = members[members.indexOf(next) - 1];
  if (before) return text.slice(text.indexOf(",", before.value.end) + 1, next.key.start);
  const space = text.slice(start + 1, next.key.start);
  return space.includes("\n") ? space : spaced ? " " : "";
}

function lastType({ value }: Plugin): JsonScalar {
  const type = value.members.findLast(({ name }) => name === "type")?.value;
  if (type?.kind !== "scalar") throw new TypeError("A plugin has a type");
  return type;
}

function memberAt(members: readonly JsonMember[], at: number): JsonMember {
  const member = members[at];
  if (!member) throw new TypeError(`There is no member ${at}`);
  return member;
}
