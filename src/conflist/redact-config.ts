import type { ByteString } from "../log/byte-string.ts";
import { hidden } from "../log/redact.ts";
import { HIDES, hidesOf } from "../log/secret-keys.ts";
import { holdsSecretShape, secretParts } from "../log/secret-texts.ts";
import { type JsonObject, type JsonScalar, type JsonValue, parseJson } from "./json.ts";
import { applyEdits, type Edit } from "./text-edit.ts";

/** Hides the secrets in a file's text by the rules of the log. All other bytes are unchanged. */
export function redactConfig(text: ByteString): ByteString {
  const edits: Edit[] = [];
  collect(parseJson(text), text, edits);
  return applyEdits(text, edits);
}

function collect(value: JsonValue, text: string, edits: Edit[]): void {
  if (value.kind === "array") for (const item of value.items) collect(item, text, edits);
  if (value.kind === "object") {
    const ofPair = hidesOfNames(value);
    for (const { key, name, value: inner } of value.members) {
      collectString(key, text, edits);
      const hides = hidesOf(name) | (name === "value" ? ofPair : 0);
      if ((hides & kindOf(inner)) !== 0) edits.push(hide(inner));
      else collect(inner, text, edits);
    }
  }
  if (value.kind === "scalar" && typeof value.value === "string") collectString(value, text, edits);
}

/** What the names of a pair such as `{"name":"DB_PASSWORD","value":"x"}` hide of its value. */
function hidesOfNames({ members }: JsonObject): number {
  return members.reduce((hides, { name, value }) => {
    const isName = (name === "name" || name === "key") && value.kind === "scalar";
    return isName && typeof value.value === "string" ? hides | hidesOf(value.value) : hides;
  }, 0);
}

function kindOf(value: JsonValue): number {
  if (value.kind !== "scalar") return HIDES.containers;
  return typeof value.value === "string" ? HIDES.strings : HIDES.others;
}

function collectString(string: JsonScalar, text: string, edits: Edit[]): void {
  if (holdsSecretShape(String(string.value))) {
    edits.push(hide(string));
    return;
  }
  const from = string.start + 1;
  const parts = secretParts(text.slice(from, string.end - 1));
  for (let index = 0; index < parts.length; index += 2) {
    const [start = 0, end = 0] = parts.slice(index, index + 2);
    edits.push({ offset: from + start, length: end - start, content: hidden(end - start) });
  }
}

function hide({ start, end }: JsonValue): Edit {
  return { offset: start, length: end - start, content: `"${hidden(end - start)}"` };
}
