import { createRegistry, type DescField, type Message } from "@bufbuild/protobuf";
import { file_api } from "../nri/gen/api_pb.js";
import { emitYaml, type Tree } from "./emit-yaml.ts";

/** Messages of the NRI API, lists of them, or texts by name. */
export type Dumped = Message | readonly Message[] | Readonly<Record<string, string>>;

const types = createRegistry(file_api);

/**
 * Lines as those of `dump` in the NRI project's plugins: each object's tag, and below it the object as YAML, with
 * the names of api.proto. What is empty is left out; an empty object is null.
 */
export function dumpLines(prefix: string, objects: Readonly<Record<string, Dumped>>): string[] {
  return Object.entries(objects).flatMap(([tag, object]) => {
    const tree = treeOf(object);
    const empty = Array.isArray(tree) ? tree.length === 0 : tree instanceof Map && tree.size === 0;
    const lines = empty ? ["null"] : emitYaml(tree);
    return [`${prefix}: ${tag}:`, ...lines.map((line) => `${prefix}:    ${line}`)];
  });
}

function treeOf(object: Dumped): Tree {
  if (Array.isArray(object)) return object.map(treeOf);
  if (isMessage(object)) return messageTree(object);
  return new Map(Object.entries(object));
}

function isMessage(object: Dumped): object is Message {
  return "$typeName" in object;
}

/** As Go's encoding/json makes it of a generated struct, whose fields are all `omitempty`. */
function messageTree(message: Message): Tree {
  const tree = new Map<string, Tree>();
  for (const field of types.getMessage(message.$typeName)?.fields ?? []) {
    const value = Reflect.get(message, field.localName);
    const one = fieldTree(field, value);
    if (one !== undefined) tree.set(field.name, one);
  }
  return tree;
}

function fieldTree({ fieldKind }: DescField, value: unknown): Tree | undefined {
  if (value === undefined || value === null) return undefined;
  if (fieldKind === "list") {
    const items = Array.isArray(value) ? value.map(anyTree) : [];
    return items.length > 0 ? items : undefined;
  }
  if (fieldKind === "map") {
    const entries = Object.entries(value).map(([key, one]) => [key, anyTree(one)] as const);
    return entries.length > 0 ? new Map(entries) : undefined;
  }
  return value === "" || value === 0 || value === 0n || value === false ? undefined : anyTree(value);
}

function anyTree(value: unknown): Tree {
  if (typeof value === "object" && value !== null && "$typeName" in value)
    return messageTree({ ...value, $typeName: String(value.$typeName) });
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? value
    : String(value);
}
