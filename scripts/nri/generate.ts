/**
 * `node scripts/nri/generate.ts`: makes src/nri/gen/*_pb.js and *_pb.d.ts from the .proto files beside them.
 * protobufjs compiles them, so that protoc is not needed; protoc-gen-es generates the code.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type SourceCodeInfo_Location,
  SourceCodeInfo_LocationSchema,
  SourceCodeInfoSchema,
} from "@bufbuild/protobuf/wkt";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { ROOT } from "../cache-dir.ts";

const folder = join(ROOT, "src/nri/gen");
const protos = ["api", "ttrpc"];

/** The texts of the generated files, by name. */
export function generate(): Map<string, string> {
  const files = protos.map((name) =>
    compile(`${name}.proto`, readFileSync(join(folder, `${name}.proto`), "utf8")),
  );
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: files.map((file) => file.name),
    parameter: "target=js+dts",
    protoFile: files,
  });
  const input = toBinary(CodeGeneratorRequestSchema, request);
  const plugin = join(ROOT, "node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es");
  const run = spawnSync(process.execPath, [plugin], { input, maxBuffer: 64 << 20 });
  if (run.status !== 0) throw new Error(`Cannot generate: protoc-gen-es said ${run.stderr}`);
  const response = fromBinary(CodeGeneratorResponseSchema, run.stdout);
  if (response.error) throw new Error(`Cannot generate: ${response.error}`);
  return new Map(response.file.map((file) => [file.name, file.content]));
}

/** The descriptor of a file. Its comments are included, for the doc comments. */
export function compile(name: string, source: string): FileDescriptorProto {
  const { root, package: packageName } = protobuf.parse(source, new protobuf.Root(), {
    keepCase: true,
    alternateCommentMode: true,
  });
  root.resolveAll();
  const set = descriptor.FileDescriptorSet.encode(root.toDescriptor("proto3")).finish();
  const file = readOnlyFile(set);
  file.name = name;
  for (const message of file.messageType) qualify(message, file.package);
  file.sourceCodeInfo = create(SourceCodeInfoSchema, { location: comments(root, packageName ?? "", file) });
  return file;
}

/** Sets the full names of types, and protoc's names for map entries: protobufjs does neither. */
function qualify(message: DescriptorProto, packageName: string): void {
  const types = new Map(
    [...message.nestedType, ...message.enumType].map((type) => {
      const written = type.name;
      if (type.$typeName === "google.protobuf.DescriptorProto" && type.options?.mapEntry)
        type.name = `${written.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase())}Entry`;
      return [written, `.${packageName}.${message.name}.${type.name}`];
    }),
  );
  for (const field of [...message.field, ...message.nestedType.flatMap((entry) => entry.field)]) {
    field.jsonName = field.name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
    if (field.typeName && !field.typeName.startsWith("."))
      field.typeName = types.get(field.typeName) ?? `.${packageName}.${field.typeName}`;
  }
}

/** The only file of a FileDescriptorSet (field 1). */
function readOnlyFile(set: Uint8Array): FileDescriptorProto {
  const reader = protobuf.Reader.create(set);
  reader.uint32();
  const file = fromBinary(FileDescriptorProtoSchema, reader.bytes());
  if (reader.pos !== set.length) throw new Error("Cannot compile: more than one package in a file");
  return file;
}

/** Field numbers of descriptor.proto, for the path of a location. */
const at = { message: 4, enum: 5, service: 6, field: 2, nested: 3, nestedEnum: 4, value: 2, method: 2 };

function comments(
  root: protobuf.Root,
  packageName: string,
  file: FileDescriptorProto,
): SourceCodeInfo_Location[] {
  const found: SourceCodeInfo_Location[] = [];
  const look = (name: string, text: (object: protobuf.ReflectionObject) => string | null, path: number[]) => {
    const object = root.lookup(name);
    const comment = object && text(object);
    if (!comment) return;
    const leadingComments = comment.replace(/^/gm, " ");
    found.push(create(SourceCodeInfo_LocationSchema, { path, span: [0, 0, 0], leadingComments }));
  };
  const own = (object: protobuf.ReflectionObject) => object.comment;
  for (const [i, message] of file.messageType.entries()) {
    const name = `${packageName}.${message.name}`;
    look(name, own, [at.message, i]);
    for (const [j, field] of message.field.entries())
      look(`${name}.${field.name}`, own, [at.message, i, at.field, j]);
  }
  for (const [i, type] of file.enumType.entries()) {
    const name = `${packageName}.${type.name}`;
    look(name, own, [at.enum, i]);
    for (const [j, value] of type.value.entries()) {
      const ofValue = (object: protobuf.ReflectionObject) =>
        object instanceof protobuf.Enum ? (object.comments[value.name] ?? null) : null;
      look(name, ofValue, [at.enum, i, at.value, j]);
    }
  }
  for (const [i, service] of file.service.entries()) {
    const name = `${packageName}.${service.name}`;
    look(name, own, [at.service, i]);
    for (const [j, method] of service.method.entries())
      look(`${name}.${method.name}`, own, [at.service, i, at.method, j]);
  }
  return found;
}

if (import.meta.main) for (const [name, text] of generate()) writeFileSync(join(folder, name), text);
