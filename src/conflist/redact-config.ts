import type { ByteString } from "../log/byte-string.ts";
import { hidden, holdsSecretShape, isSecretKey } from "../log/redact.ts";
import { type JsonValue, parseJson } from "./json.ts";
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
    for (const { key, name, value: inner } of value.members) {
      if (holdsSecretShape(name)) edits.push(hide(key));
      if (isSecretKey(name)) edits.push(hide(inner));
      else collect(inner, text, edits);
    }
  }
  if (value.kind === "scalar" && typeof value.value === "string" && holdsSecretShape(value.value)) {
    edits.push(hide(value));
  }
}

function hide({ start, end }: JsonValue): Edit {
  return { offset: start, length: end - start, content: `"${hidden(end - start)}"` };
}
