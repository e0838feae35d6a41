import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { skipValue } from "../../src/log/skip-json.ts";
import { type Request, readRequest } from "../../src/story/request.ts";
import { RequestReader } from "../../src/story/request-reader.ts";
import { readParts } from "../../src/story/result.ts";
import { jsonValue, plainName } from "../support/json-names.ts";
import { howOften } from "../support/soak.ts";

const key = fc.oneof(
  fc.constantFrom(
    ...["type", "name", "cniVersion", "runtimeConfig", "capabilities", "prevResult", "delegates"],
    ...["clusterNetwork", "portMappings", "ips", "interfaces", "", "0", "7", "__proto__", 'a"', "é"],
  ),
  fc.string({ maxLength: 4 }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>(null, true, false, "", "x", "\n\\\u00e9", [], {}, 0, -1.5e-9, 1e300),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key.map(plainName), tie("value"), { maxKeys: 4 }),
  ),
}));
const request = fc
  .dictionary(key.map(plainName), value, { maxKeys: 8 })
  .map((one) => latin1(JSON.stringify(one)));
/** Requests, with something put in or cut out anywhere. */
const nearlyRequest = fc
  .tuple(
    request,
    fc.nat(),
    fc.constantFrom(
      "",
      '"',
      "}",
      "{",
      "[",
      "]",
      "\\",
      "\\u00e9",
      "\\uzzzz",
      "0",
      "-",
      ".",
      "e",
      " ",
      "\t",
      ",",
      ":",
    ),
    fc.nat({ max: 3 }),
  )
  .map(([text, place, put, cut]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + cut);
  });

function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function spanOf(text: string, before = '{"input":', after = '}\n{"v":1}') {
  const bytes = Buffer.from(before + text + after, "latin1");
  const source = { bytes, text: (from: number, to: number) => bytes.toString("latin1", from, to) };
  return { source, from: before.length, to: before.length + text.length };
}

/** A result is compared by its parts: its text may be written in another way. */
function plain(read: Request | null): unknown {
  return read === null ? null : { ...read, prevResult: readParts(read.prevResult) };
}

describe("RequestReader", () => {
  test.each(["ADD", "DEL"])("answers as readRequest for any request of an %s, or not at all", (command) => {
    const reader = new RequestReader();
    let answered = 0;
    fc.assert(
      fc.property(fc.oneof(request, nearlyRequest), (text) => {
        const read = reader.read(spanOf(text), command);
        if (read === null) return;
        answered++;
        expect(plain(read)).toEqual(plain(readRequest(text, command)));
      }),
      { numRuns: howOften(2000, 200_000) },
    );
    expect(answered).toBeGreaterThan(300);
  });

  test("reads what runtimes send", () => {
    const text = JSON.stringify({
      capabilities: { portMappings: true, bandwidth: false },
      ...{ cniVersion: "1.0.0", name: "net", type: "calico", delegates: [] },
      runtimeConfig: { portMappings: [{ hostPort: 80 }], bandwidth: {}, "io.kubernetes/x": { a: '{"b":1}' } },
      prevResult: { cniVersion: "1.0.0", ips: [{ address: "10.0.0.1/8" }] },
    });
    const read = new RequestReader().read(spanOf(text), "ADD");
    expect(read).toMatchObject({ type: "calico", name: "net", meta: true, capabilities: ["portMappings"] });
    expect(read?.runtimeConfig).toEqual(["portMappings", "io.kubernetes/x"]);
    expect(readParts(read?.prevResult ?? null)?.ips).toMatchObject([{ address: "10.0.0.1/8" }]);
  });

  test("the same request is the same object", () => {
    const reader = new RequestReader();
    const text = '{"name":"net","prevResult":{},"runtimeConfig":{"a":1,"b":2}}';
    expect(reader.read(spanOf(text), "DEL")).toBe(reader.read(spanOf(text), "DEL"));
    expect(reader.read(spanOf(text.replace("net", "b")), "DEL")?.name).toBe("b");
  });

  test("a nesting that would take all of the stack is left to JSON.parse", () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(new RequestReader().read(spanOf(deep), "ADD")).toBeNull();
  });
});

describe("skipValue", () => {
  test("goes over what JSON.parse reads, and over nothing else", () => {
    fc.assert(
      fc.property(fc.oneof(request, nearlyRequest), (text) => {
        const { source, from, to } = spanOf(text);
        if (skipValue(source.bytes, from) === to) expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: howOften(2000, 200_000) },
    );
  });

  test("goes over any JSON without spaces, to the byte behind it", () => {
    fc.assert(
      fc.property(jsonValue(), (one) => {
        const { source, from, to } = spanOf(latin1(JSON.stringify(one)));
        expect(skipValue(source.bytes, from)).toBe(to);
      }),
      { numRuns: howOften(500, 50_000) },
    );
  });
});
