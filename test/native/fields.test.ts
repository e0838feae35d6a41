import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FieldPath } from "../../src/native/observe-host.ts";
import {
  ConfigureRequestSchema,
  PodSandboxSchema,
  StateChangeEventSchema,
} from "../../src/nri/gen/api_pb.js";
import { streams } from "../nri/support/streams.ts";
import { howOften } from "../support/soak.ts";
import { LineDriver } from "./line-driver.ts";
import { fieldsTwin, keepTwin } from "./twin/twin-fields.ts";

const RUNS = howOften(1_500, 200_000);

/** What the observer asks a pod for. */
const POD: readonly FieldPath[] = [[1], [2], [3], [4], [5, 1], [5, 2], [7], [8, 4], [8, 5, 1], [-9], [10]];
const KEPT: readonly FieldPath[] = [[-1], ...POD.map((path) => [2, ...path])];
const EVENT: readonly FieldPath[] = [[-1], [2], ...POD.map((path) => [2, ...path])];
const CONFIGURE: readonly FieldPath[] = [[1], [2], [3], [-4], [-5], [6]];
/** Of garbage, whose numbers are small. */
const SMALL: readonly FieldPath[] = [[1], [1, 1], [1, 2, 3], [-2], [2], [3, -1], [4, 4, 4, 4, 4, 4, 4, 4]];
const SETS = [POD, EVENT, KEPT, CONFIGURE, SMALL, [[1]], [[536870911]]] as const;

let driver: LineDriver;
beforeAll(async () => {
  driver = await LineDriver.start("fields-driver", ["observe/fields", "observe/memory"]);
});
afterAll(() => driver.stop());

const ask = (what: string, paths: readonly FieldPath[], bytes: Uint8Array) =>
  driver.ask(`${what} ${paths.map((path) => path.join(".")).join(",")} ${bytes.length}`, bytes);

async function find(paths: readonly FieldPath[], bytes: Uint8Array): Promise<number[] | null> {
  const answer = await ask("find", paths, bytes);
  return answer === "-" ? null : answer.split(" ").filter(Boolean).map(Number);
}

async function keep(paths: readonly FieldPath[], bytes: Uint8Array): Promise<Buffer | null> {
  const answer = await ask("keep", paths, bytes);
  return answer === "-" ? null : Buffer.from(answer, "hex");
}

/** C and its twin must agree. Returns what they found. */
async function agree(paths: readonly FieldPath[], bytes: Uint8Array) {
  const found = await find(paths, bytes);
  const kept = await keep(paths, bytes);
  expect(found).toEqual(fieldsTwin(bytes, 0, bytes.length, paths));
  expect(kept).toEqual(keepTwin(bytes, [0, bytes.length], paths));
  return { found, kept };
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
/** With bytes that say nothing. */
const longVarint = (value: number, more: number): number[] => {
  const least = varint(value);
  if (more === 0) return least;
  return [...least.slice(0, -1), (least.at(-1) ?? 0) | 0x80, ...new Array<number>(more - 1).fill(0x80), 0];
};
const tag = (number: number, type: number): number[] => varint(number * 8 + type);
const delimited = (number: number, content: Iterable<number>, more = 0) => {
  const bytes = [...content];
  return [...tag(number, 2), ...longVarint(bytes.length, more), ...bytes];
};

const text = fc.string({ unit: "binary", maxLength: 12 }).map((value) => [...Buffer.from(value)]);
const string = (number: number) =>
  fc.tuple(text, fc.nat(2)).map(([value, more]) => delimited(number, value, more));
const number = (field: number) =>
  fc
    .tuple(fc.nat(2 ** 31 - 1), fc.nat(3))
    .map(([value, more]) => [...tag(field, 0), ...longVarint(value, more)]);
const message = (field: number, content: fc.Arbitrary<number[]>) =>
  fc.tuple(content, fc.nat(2)).map(([value, more]) => delimited(field, value, more));
const fields = (...one: fc.Arbitrary<number[]>[]) =>
  fc.array(fc.oneof(...one), { maxLength: 8 }).map((all) => all.flat());
/** Fields that nobody knows, groups in groups too. */
const { unknown } = fc.letrec<{ unknown: number[] }>((tie) => ({
  unknown: fc.oneof(
    { depthSize: "small" },
    fc.integer({ min: 100, max: 2 ** 29 - 1 }).map((field) => [...tag(field, 0), 1]),
    fc.uint8Array({ maxLength: 9 }).map((content) => delimited(200, content)),
    fc.constant(tag(300, 1).concat(1, 2, 3, 4, 5, 6, 7, 8)),
    fc.constant(tag(301, 5).concat(1, 2, 3, 4)),
    fc
      .array(tie("unknown"), { maxLength: 3 })
      .map((inside) => [...tag(400, 3), ...inside.flat(), ...tag(400, 4)]),
  ),
}));
const entry = (field: number) => message(field, fields(string(1), string(2), unknown));
const namespace = message(5, fields(string(1), string(2), unknown));
const linux = message(8, fields(string(3), string(4), namespace, unknown));
const pod = fields(...[1, 2, 3, 4, 7, 10].map(string), entry(5), entry(6), linux, number(9), unknown);
const event = fields(
  fc.nat(20).map((value) => [...tag(1, 0), value]),
  message(2, pod),
  unknown,
);
const configure = fields(...[1, 2, 3, 6].map(string), number(4), number(5), unknown);

/** What messages without unknown fields are. */
const known = { readUnknownFields: false };

describe("fields.c", () => {
  test("agrees with its twin and with protobuf-es on pods", async () => {
    await fc.assert(
      fc.asyncProperty(pod, async (content) => {
        const bytes = Uint8Array.from(content);
        const { found, kept } = await agree(POD, bytes);
        const whole = fromBinary(PodSandboxSchema, bytes, known);
        const last: (string | undefined)[] = [];
        const ips: string[] = [];
        for (let at = 0; at < (found ?? []).length; at += 3) {
          const [path = 0, from, to] = found?.slice(at, at + 3) ?? [];
          last[path] = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(from, to));
          if (path === POD.length - 1) ips.push(last[path] ?? "");
        }
        const { id, name, uid, namespace: inside, runtimeHandler } = whole;
        expect([0, 1, 2, 3, 6].map((path) => last[path] ?? "")).toEqual([
          id,
          name,
          uid,
          inside,
          runtimeHandler,
        ]);
        expect(ips).toEqual(whole.ips);
        const rest = fromBinary(PodSandboxSchema, kept ?? Buffer.from([7]));
        expect({ ...rest, annotations: {}, linux: null }).toEqual({ ...whole, annotations: {}, linux: null });
        expect(rest.linux?.cgroupsPath).toBe(whole.linux?.cgroupsPath);
        expect(rest.linux?.namespaces.map(({ type }) => type)).toEqual(
          whole.linux?.namespaces.map(({ type }) => type),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test("agrees with its twin and with protobuf-es on events and configurations", async () => {
    await fc.assert(
      fc.asyncProperty(event, configure, async (one, other) => {
        const happened = await agree(KEPT, Uint8Array.from(one));
        const whole = fromBinary(StateChangeEventSchema, Uint8Array.from(one), known);
        const rest = fromBinary(StateChangeEventSchema, happened.kept ?? Buffer.from([7]), known);
        expect([rest.event, rest.pod?.id, rest.pod?.labels]).toEqual([
          whole.event,
          whole.pod?.id,
          whole.pod?.labels,
        ]);
        const { kept } = await agree(CONFIGURE, Uint8Array.from(other));
        expect(fromBinary(ConfigureRequestSchema, kept ?? Buffer.from([7]))).toEqual(
          fromBinary(ConfigureRequestSchema, Uint8Array.from(other), known),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test("agrees with its twin on messages of which a byte is another one, or which are cut", async () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(event, change, change, fc.nat(), async (content, one, other, cut) => {
        const bytes = Uint8Array.from(content);
        for (const [at, byte] of [one, other]) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        for (const paths of SETS) await agree(paths, bytes);
        await agree(EVENT, bytes.subarray(0, cut % (bytes.length + 1)));
      }),
      { numRuns: RUNS },
    );
  });

  test("agrees with its twin on garbage", async () => {
    const small = fc.array(fc.oneof(fc.nat(0x2f), fc.constantFrom(0x0a, 0x0b, 0x0c, 0x80, 0xff)), {
      maxLength: 40,
    });
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      small.map((list) => Uint8Array.from(list)),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (bytes) => {
        for (const paths of SETS) await agree(paths, bytes);
      }),
      { numRuns: RUNS },
    );
  });

  test("agrees with its twin on what runtimes have sent, from anywhere", async () => {
    for (const { toPlugin } of streams)
      for (let at = 0; at < toPlugin.length; at += 7) await agree(SMALL, toPlugin.subarray(at, at + 300));
  });

  describe("finds no message in", () => {
    const nested = (groups: number) => [
      ...new Array<number>(groups).fill(0x0b),
      ...new Array<number>(groups).fill(0x0c),
    ];
    test.each<[string, number[]]>([
      ["a field of number 0", [0x02, 0]],
      ["a field of type 6", [0x0e]],
      ["a field of type 7", [0x0f]],
      ["half a tag", [0x8a]],
      ["a tag of six bytes", [0x8a, 0x80, 0x80, 0x80, 0x80, 0, 0]],
      ["a tag above 32 bits", [0xfa, 0xff, 0xff, 0xff, 0x1f, 0]],
      ["half a varint", [0x48, 0xff]],
      ["a varint of eleven bytes", [0x48, ...new Array<number>(10).fill(0x80), 0]],
      ["a length beyond the end", [0x0a, 3, 1, 2]],
      ["a length of 2^63", [0x0a, ...new Array<number>(9).fill(0x80), 1]],
      ["a length of 2^32", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x10]],
      ["seven bytes of eight", [0x09, 1, 2, 3, 4, 5, 6, 7]],
      ["three bytes of four", [0x0d, 1, 2, 3]],
      ["the end of a group that has not begun", [0x0c]],
      ["a group without its end", [0x0b]],
      ["a group with another one's end", [0x0b, 0x14]],
      ["101 groups in each other", nested(101)],
      ["something broken where a path leads through", [0x2a, 1, 0x80]],
    ])("%s", async (_, content) => {
      expect(await agree(POD, Uint8Array.from(content))).toEqual({ found: null, kept: null });
    });

    test("but in 100 groups in each other, and in what no path leads through", async () => {
      expect((await agree(POD, Uint8Array.from(nested(100)))).found).toEqual([]);
      expect((await agree(POD, Uint8Array.from([0x32, 1, 0x80]))).found).toEqual([]);
    });
  });

  test.each<[string, number[]]>([
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["an overlong NUL", [0xc0, 0x80]],
    ["an overlong slash of three bytes", [0xe0, 0x80, 0xaf]],
    ["an overlong character of four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
    ["a character above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["half a character", [0xe2, 0x82]],
    ["a continuation alone", [0x80]],
    ["0xff", [0xff]],
  ])("keeps no text with %s", async (_, content) => {
    for (const at of [content, [0x61, ...content, 0x61]]) {
      const { found, kept } = await agree(POD, Uint8Array.from(delimited(1, at)));
      expect([found?.length, kept]).toEqual([3, null]);
    }
  });

  test("gives back what it has found in a message of many fields", async () => {
    const many = Uint8Array.from(Array.from({ length: 5_000 }, () => [0x0a, 0]).flat());
    expect((await agree([[1]], many)).found?.length).toBe(15_000);
    expect((await agree([[1]], Uint8Array.from([0x0a, 0]))).found).toEqual([0, 2, 2]);
  });
});
