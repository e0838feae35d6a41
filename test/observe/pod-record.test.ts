import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { encode } from "../../src/nri/encode.ts";
import { PodSandboxSchema } from "../../src/nri/gen/api_pb.js";
import { POD_PATHS, PodReader } from "../../src/observe/pod-record.ts";
import { TwinFieldHost } from "../native/twin/twin-field-host.ts";
import { factsOf, keptOf, type PodInit, pods, recordOf } from "./support/records.ts";
import { bytesField, numberOf, textField } from "./support/wire.ts";

const { id, label, labelKey, labelValue, linuxNamespace, ip } = POD_PATHS;
const [linux, namespaces] = linuxNamespace;

/** An entry of labels: bytes of a message with these fields in this order. */
function labelEntry(...fields: readonly Buffer[]): Buffer {
  return bytesField(numberOf(label), Buffer.concat(fields));
}

const key = (text: string) => textField(numberOf(labelKey), text);
const value = (text: string) => textField(numberOf(labelValue), text);

test("the paths are those of PodSandbox", () => {
  const { field } = PodSandboxSchema;
  const ofLinux = field.linux.message?.field ?? {};
  const namespace = ofLinux.namespaces?.message?.field ?? {};
  expect(field.labels.fieldKind).toBe("map");
  expect(POD_PATHS).toEqual({
    ...{ id: [field.id.number], name: [field.name.number], uid: [field.uid.number] },
    ...{ namespace: [field.namespace.number], label: [field.labels.number], ip: [field.ips.number] },
    // An entry of a map is a message with key 1 and value 2 (protobuf.dev, "Encoding", Maps).
    ...{ labelKey: [field.labels.number, 1], labelValue: [field.labels.number, 2] },
    linuxNamespace: [field.linux.number, ofLinux.namespaces?.number],
    linuxNamespaceType: [field.linux.number, ofLinux.namespaces?.number, namespace.type?.number],
    linuxNamespacePath: [field.linux.number, ofLinux.namespaces?.number, namespace.path?.number],
  });
});

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 10 }),
  fc.string({ minLength: 120, maxLength: 300 }),
);
const anyPod: fc.Arbitrary<PodInit> = fc.record(
  {
    ...{ id: text, name: text, uid: text, namespace: text, ips: fc.array(text, { maxLength: 3 }) },
    labels: fc.dictionary(fc.oneof(text, fc.constantFrom("__proto__", "constructor", "7")), text, {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    ...{
      annotations: fc.dictionary(text, text, { maxKeys: 2 }),
      runtimeHandler: text,
      cgroupParent: fc.constant("x"),
    },
    linux: fc.record({
      cgroupsPath: text,
      namespaces: fc.array(fc.record({ type: fc.constantFrom("network", "pid", ""), path: text }), {
        maxLength: 3,
      }),
    }),
    ...{ pid: fc.nat(), podOverhead: fc.constant(undefined) },
  },
  { requiredKeys: [] },
) as fc.Arbitrary<PodInit>;

test("the facts of any PodSandbox are read", () => {
  fc.assert(
    fc.property(anyPod, (pod) => {
      const { linux: about } = pod;
      const list = about?.namespaces ?? [];
      const record = recordOf(pod);
      expect(factsOf(record)).toEqual({
        ...{ id: pod.id ?? "", namespace: pod.namespace ?? "", name: pod.name ?? "", uid: pod.uid ?? "" },
        ...{ ips: pod.ips ?? [], labels: { ...pod.labels } },
        netns: list.length === 0 ? null : (list.find(({ type }) => type === "network")?.path ?? ""),
      });
      expect(Buffer.from(pods.idOf(record), "latin1").toString()).toBe(pod.id ?? "");
    }),
    { numRuns: 500 },
  );
});

test("a record is not longer than its PodSandbox, and the same if it is kept again", () => {
  fc.assert(
    fc.property(anyPod, (pod) => {
      const record = recordOf(pod);
      expect(record.length).toBeLessThanOrEqual(encode(PodSandboxSchema, pod).length);
      expect(keptOf(Buffer.from(record, "latin1"))).toBe(record);
    }),
    { numRuns: 200 },
  );
});

test("a record has nothing of annotations, limits and other fields", () => {
  const id = "p";
  const pod = {
    id,
    annotations: { a: "x".repeat(5_000) },
    runtimeHandler: "runc",
    linux: { cgroupsPath: "/x" },
  };
  expect(recordOf(pod).length).toBeLessThan(10);
});

describe("labels", () => {
  it.each([
    [
      "of the same key: the last counts",
      [labelEntry(key("a"), value("1")), labelEntry(key("a"), value("2"))],
      { a: "2" },
    ],
    [
      "with key and value twice: the last ones count",
      [labelEntry(key("x"), key("a"), value("1"), value("2"))],
      { a: "2" },
    ],
    ["with the value first", [labelEntry(value("1"), key("a"))], { a: "1" }],
    ["without a value", [labelEntry(key("a"))], { a: "" }],
    ["without a key", [labelEntry(value("1"))], { "": "1" }],
    ["of an empty entry", [labelEntry()], { "": "" }],
    ["with a field that is not known", [labelEntry(key("a"), textField(9, "?"), value("1"))], { a: "1" }],
    [
      "between other fields",
      [labelEntry(key("a")), textField(numberOf(id), "p"), labelEntry(key("b"), value("2"))],
      { a: "", b: "2" },
    ],
    [
      "longer than 127 bytes",
      [labelEntry(key("k".repeat(317)), value("v".repeat(20_000)))],
      { ["k".repeat(317)]: "v".repeat(20_000) },
    ],
    ["that are not ASCII", [labelEntry(key("ü"), value("–\u{1f600}"))], { ü: "–\u{1f600}" }],
  ])("%s", (_, fields, labels) => {
    expect(factsOf(keptOf(Buffer.concat(fields))).labels).toEqual(labels);
  });

  it("may be named as members of objects are", () => {
    const names = ["__proto__", "constructor", "toString"];
    const record = keptOf(Buffer.concat(names.map((name) => labelEntry(key(name), value("x")))));
    expect(pods.factsOf(record).labels).toEqual(names.flatMap((name) => [name, "x"]));
  });
});

describe("the network namespace", () => {
  const [typeField, pathField] = [POD_PATHS.linuxNamespaceType, POD_PATHS.linuxNamespacePath].map(numberOf);
  const type = (name: string) => textField(typeField ?? 0, name);
  const path = (name: string) => textField(pathField ?? 0, name);
  const namespace = (...fields: readonly Buffer[]) => bytesField(namespaces, Buffer.concat(fields));
  const inLinux = (...fields: readonly Buffer[]) => bytesField(linux, Buffer.concat(fields));

  it.each([
    [
      "of two is the first",
      inLinux(namespace(type("network"), path("/1")), namespace(type("network"), path("/2"))),
      "/1",
    ],
    ["is found with its path first", inLinux(namespace(path("/1"), type("network"))), "/1"],
    [
      "of a type that is given twice: the last counts",
      inLinux(namespace(type("pid"), type("network"), path("/1"))),
      "/1",
    ],
    [
      "is not that of the namespace before",
      inLinux(namespace(type("pid"), path("/p")), namespace(type("network"))),
      "",
    ],
    [
      "is found in a second part",
      Buffer.concat([inLinux(namespace(type("pid"))), inLinux(namespace(type("network"), path("/1")))]),
      "/1",
    ],
    ["is empty if one is empty", inLinux(namespace()), ""],
    ["is none if there are none", inLinux(), null],
    [
      "of a long path is whole",
      inLinux(namespace(type("network"), path(`/${"n".repeat(300)}`))),
      `/${"n".repeat(300)}`,
    ],
  ])("%s", (_, bytes, netns) => {
    expect(factsOf(keptOf(bytes)).netns).toBe(netns);
  });
});

describe("a PodSandbox in parts", () => {
  it("is merged", () => {
    const [first, second] = [
      { id: "a", ips: ["1"], labels: { a: "1" } },
      { id: "b", ips: ["2"], labels: { b: "2" } },
    ];
    const [one, other] = [encode(PodSandboxSchema, first), encode(PodSandboxSchema, second)];
    const record = pods.keep(Buffer.concat([one, other]), [
      0,
      one.length,
      one.length,
      one.length + other.length,
    ]);
    expect(factsOf(record)).toMatchObject({ id: "b", ips: ["1", "2"], labels: { a: "1", b: "2" } });
    expect(pods.idOf(record)).toBe("b");
  });

  it("of no part is a pod without facts", () => {
    const record = pods.keep(new Uint8Array(0), []);
    const bare = { id: "", namespace: "", name: "", uid: "", netns: null, ips: [], labels: {} };
    expect(factsOf(record)).toEqual(bare);
  });
});

describe("what is no PodSandbox", () => {
  it.each([
    ["a length beyond the end", Buffer.from([0x0a, 0x05, 0x61])],
    ["a tag without a field", Buffer.from([0x0a])],
    ["field 0", Buffer.from([0x02, 0x00])],
    ["an unknown wire type", Buffer.from([0x0f])],
    ["an end of no group", Buffer.from([0x0c])],
    ["an id that is not UTF-8", bytesField(numberOf(id), Buffer.from([0xff]))],
    ["an address that is not UTF-8", bytesField(numberOf(ip), Buffer.from([0xc3]))],
    [
      "a label that is not UTF-8",
      labelEntry(key("a"), bytesField(numberOf(labelValue), Buffer.from([0xed, 0xa0, 0x80]))),
    ],
    ["a label that is no message", bytesField(numberOf(label), Buffer.from([0x0a, 0x09]))],
    ["namespaces that are no message", bytesField(linux, Buffer.from([0x2a, 0x09]))],
  ])("%s is refused", (_, bytes) => {
    expect(() => keptOf(bytes)).toThrow("cannot parse invalid wire-format data");
  });

  it.each([
    ["a field of another type", Buffer.from([0x08, 0x05, 0x12, 0x01, 0x61])],
    [
      "a group",
      Buffer.concat([Buffer.from([0x63]), textField(1, "no"), Buffer.from([0x64, 0x12, 0x01, 0x61])]),
    ],
    [
      "fixed numbers",
      Buffer.concat([
        Buffer.from([0x0d, 1, 2, 3, 4, 0x09]),
        Buffer.alloc(8),
        Buffer.from([0x12, 0x01, 0x61]),
      ]),
    ],
  ])("%s is skipped", (_, bytes) => {
    expect(factsOf(keptOf(bytes))).toMatchObject({ id: "", name: "a" });
  });
});

test("two readers of one host do not disturb each other", () => {
  const host = new TwinFieldHost();
  const [one, other] = [new PodReader(host), new PodReader(host)];
  const bytes = encode(PodSandboxSchema, { id: "p" });
  expect(other.idOf(one.keep(bytes, [0, bytes.length]))).toBe("p");
});
