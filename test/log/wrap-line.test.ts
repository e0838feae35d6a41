import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asByteString, encodeUtf8 } from "../../src/log/byte-string.ts";
import type { Details, Redaction, Span } from "../../src/log/call-line.ts";
import { parseLogLine, type WrapLine } from "../../src/log/log-line.ts";
import type { Pieces } from "../../src/log/pieces.ts";
import { isSecretKey } from "../../src/log/secret-keys.ts";
import { secretsIn } from "../../src/log/secret-texts.ts";
import { type PluginEnd, type WrappedCall, wrapBeginLine, wrapEndLine } from "../../src/log/wrap-line.ts";
import { json as anyJson } from "../support/json-names.ts";

/** Texts one after the other, as the slices of a line see them. */
class Texts {
  bytes = "";

  add(text: string): Span {
    const start = this.bytes.length;
    this.bytes += encodeUtf8(text);
    return { start, end: this.bytes.length };
  }

  join(pieces: Readonly<Pieces>): string {
    let joined = "";
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index] ?? "";
      joined += typeof piece === "string" ? piece : this.bytes.slice(piece, Number(pieces[++index]));
    }
    return Buffer.from(joined, "latin1").toString();
  }
}

const variable = fc
  .array(
    fc.oneof(
      fc.constantFrom(",", "=", "\n", "\\", '"', "plugin=", "exit=1", "output="),
      fc.string({ maxLength: 5 }),
    ),
    {
      maxLength: 4,
    },
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));
const json = anyJson();
const formats = fc.constantFrom("json", "classic");

const NOTHING_SECRET: Redaction = {
  redact: false,
  secrets: [],
  overflow: false,
  rules: { isSecretKey, secretsIn },
};

function callOf(texts: Texts, format: string, plugin: string, id: string, network: string): WrappedCall {
  const variables = {
    ...{ command: asByteString("ADD"), containerId: encodeUtf8(id), netns: null, ifname: encodeUtf8("eth0") },
    ...{ args: encodeUtf8("A=1;B=x"), traceparent: null, tracestate: null },
  };
  const name = texts.add(JSON.stringify(network));
  const details = (): Details =>
    ({
      ...{ tap: "wrap", build: "1.2.3", pid: 7, time: [1763674680, 123456], network: name },
      ...{ cniVersion: null, label: null },
    }) as const;
  return {
    variables,
    plugin: encodeUtf8(plugin),
    redaction: NOTHING_SECRET,
    details: format === "json" ? details : null,
  };
}

function read(line: string): WrapLine {
  expect(line.endsWith("\n")).toBe(true);
  const found = parseLogLine(line.slice(0, -1));
  if (found?.kind !== "wrap") throw new Error(`Not read as a line of cni_wrap: ${line}`);
  return found;
}

describe("parseLogLine reads back", () => {
  test("the beginning of a plugin's call", () => {
    fc.assert(
      fc.property(formats, variable, variable, variable, json, (format, plugin, id, network, input) => {
        const texts = new Texts();
        const call = callOf(texts, format, plugin, id, network);
        const parts = [texts.add('{"a":'), texts.add(input), texts.add("}")];
        const line = read(texts.join(wrapBeginLine(call, parts)));
        expect(line).toMatchObject({ format, command: "ADD", containerId: id || null, plugin, end: null });
        expect(line.content).toEqual({ kind: "input", json: `{"a":${input}}` });
        if (format === "json")
          expect(line).toMatchObject({
            time: "2025-11-20T21:38:00.123456Z",
            pid: 7,
            network,
            args: { A: "1", B: "x" },
          });
      }),
    );
  });

  test("its end", () => {
    const end = fc.record({
      microseconds: fc.nat(2 ** 40),
      ended: fc.oneof(
        fc.nat(255).map((exit) => ({ exit, signal: 0 })),
        fc.integer({ min: 1, max: 64 }).map((signal) => ({ exit: 0, signal })),
      ),
      stderr: fc.option(variable),
      outputBytes: fc.option(fc.nat()),
      output: fc.option(json),
    });
    fc.assert(
      fc.property(
        formats,
        variable,
        end,
        (format, plugin, { microseconds, ended, stderr, outputBytes, output }) => {
          const texts = new Texts();
          const call = callOf(texts, format, plugin, "c1", "net");
          const spanOfOutput = output === null ? null : texts.add(output);
          const given: PluginEnd = {
            ...{ microseconds, ...ended, outputBytes },
            stderr: stderr === null ? null : texts.add(JSON.stringify(stderr)),
            output: spanOfOutput && [spanOfOutput.start, spanOfOutput.end],
          };
          const line = read(texts.join(wrapEndLine(call, given)));
          expect(line.plugin).toBe(plugin);
          expect(line.content).toEqual({ kind: "output", json: output ?? "null" });
          const { exit, signal } = ended;
          expect(line.end).toEqual({
            ...{ ms: microseconds / 1000, stderr, outputBytes },
            ...(signal === 0 ? { exit, signal: null } : { exit: null, signal }),
          });
        },
      ),
    );
  });
});

test("a line of cni_wrap that was cut anywhere is no line", () => {
  const texts = new Texts();
  for (const format of ["json", "classic"]) {
    const call = callOf(texts, format, "calico", "c1", "net");
    const given = {
      microseconds: 12345,
      exit: 1,
      signal: 0,
      outputBytes: 99,
      stderr: texts.add('"gone, \\"ms\\":1"'),
    };
    const output = texts.add('{"code":11}');
    const end = wrapEndLine(call, { ...given, output: [output.start, output.end] });
    for (const line of [
      texts.join(end),
      texts.join(wrapBeginLine(call, "[not JSON: unexpected byte at 17]")),
    ]) {
      expect(parseLogLine(line.slice(0, -1))?.kind).toBe("wrap");
      for (let length = 0; length < line.length - 1; length++)
        expect(parseLogLine(line.slice(0, length)), line.slice(0, length)).toBe(null);
    }
  }
});

test("secrets are hidden in all parts of what a plugin is given, and everything where there are too many", () => {
  const texts = new Texts();
  const call = callOf(texts, "classic", "calico", "c1", "net");
  const [one, other] = [texts.add('{"token":"abc",'), texts.add('"b":1}')];
  const secrets = [one.start + 9, one.start + 14, 0];
  const hiding = (overflow: boolean) => ({
    ...call,
    redaction: { ...NOTHING_SECRET, redact: true, secrets, overflow },
  });
  const start = "CNI_COMMAND=ADD,CNI_CONTAINERID=c1,plugin=calico,input=";
  expect(texts.join(wrapBeginLine(hiding(false), [one, other]))).toBe(
    `${start}{"token":"[redacted 5 bytes]","b":1}\n`,
  );
  expect(texts.join(wrapBeginLine(hiding(true), [one, other]))).toBe(`${start}"[redacted 21 bytes]"\n`);
});
