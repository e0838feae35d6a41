import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { compile, generate } from "../../scripts/nri/generate.ts";

it("the committed files are what the generator makes", () => {
  for (const [name, text] of generate())
    expect(text, name).toBe(readFileSync(join(ROOT, "src/nri/gen", name), "utf8"));
});

it("api.proto has all fields, events and methods of nri 0.8.0, with their numbers and types", () => {
  const read = (path: string) => compile("api.proto", readFileSync(join(ROOT, path), "utf8"));
  const ours = new Set(facts(read("src/nri/gen/api.proto")));
  const theirs = facts(read("test/vectors/nri-0.8.0/api.proto"));
  expect(theirs.length).toBeGreaterThan(150);
  // LAST marks the end and changes with each version; no message uses OptionalInt32.
  const gone = theirs.filter((fact) => !ours.has(fact));
  expect(gone).toEqual(["OptionalInt32.value = 1 int32", "Event.LAST = 12"]);
});

/** Fields, enum values and methods, one line each, as "Message.field = number type". */
function facts(file: FileDescriptorProto): string[] {
  const types: Record<number, string> = {
    3: "int64",
    4: "uint64",
    5: "int32",
    8: "bool",
    9: "string",
    13: "uint32",
  };
  return [
    ...file.messageType.flatMap((message) =>
      [message, ...message.nestedType].flatMap((owner) =>
        owner.field.map((field) => {
          const type = types[field.type] ?? field.typeName;
          const prefix = owner === message ? message.name : `${message.name}.${owner.name}`;
          return `${prefix}.${field.name} = ${field.number} ${field.label === 3 ? "repeated " : ""}${type}`;
        }),
      ),
    ),
    ...file.enumType.flatMap((type) =>
      type.value.map((value) => `${type.name}.${value.name} = ${value.number}`),
    ),
    ...file.service.flatMap((service) =>
      service.method.map(
        (method) => `${service.name}.${method.name}(${method.inputType}) ${method.outputType}`,
      ),
    ),
  ];
}
