import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generateLog } from "../../scripts/log/generate.ts";
import type { LogLine } from "../../src/log/log-line.ts";
import { parseLogLine } from "../../src/log/log-line.ts";
import { LineReader } from "../../src/machine/line-reader.ts";
import { beginLine, endLine, podLine, tapLine } from "../story/support.ts";
import { jsonValue, plainName } from "../support/json-names.ts";
import { howOften } from "../support/soak.ts";

/** A line as plain values: payload and labels are read when they are asked for. */
function plain(read: LogLine | string | null): unknown {
  if (read === null || typeof read === "string") return null;
  if (read.kind === "note") return read;
  if (read.kind === "pod") {
    const { namespace, name, uid, netns, ips, labels } = read.pod;
    return { ...read, pod: { namespace, name, uid, netns, ips, labels } };
  }
  const { content } = read;
  return content.kind === "note" ? read : { ...read, content: { kind: content.kind, json: content.json } };
}

const ABOUT = { at: 0 };

function readBy(reader: LineReader, line: string): unknown {
  const bytes = Buffer.from(`before\n${line}\nafter`, "latin1");
  return plain(reader.read(bytes, 7, bytes.length - 6));
}

const word = fc.oneof(
  fc.constantFrom("", "a", "web-0", "input", '"', "\\", ",", "{", "}", "é", "\n", '","input":', "\x1b"),
  fc.string({ maxLength: 8 }),
);
const about = fc.record({
  at: fc.integer({ min: 0, max: 10_000_000 }).map((micros) => micros / 1000),
  id: word,
  pod: word.map((name) => `ns/${name}`),
  ifname: word,
  network: word,
  netns: word,
  pid: fc.nat(),
});
const line = fc
  .oneof(
    fc
      .tuple(fc.constantFrom("ADD", "DEL", "CHECK"), fc.constantFrom("pre" as const, "post" as const), about)
      .map(([command, tap, of]) => tapLine(command, tap, of)),
    fc
      .tuple(word, about, fc.dictionary(word.map(plainName), jsonValue()))
      .map(([plugin, of, input]) => beginLine("ADD", plugin, of, input)),
    fc
      .tuple(
        word,
        about,
        fc.record({
          ms: fc.double({ min: 0, max: 1e7, noNaN: true }),
          exit: fc.nat(),
          output: jsonValue(),
        }),
      )
      .map(([plugin, of, end]) => endLine("DEL", plugin, of, end)),
    fc.tuple(about, fc.array(word, { maxLength: 2 })).map(([of, ips]) => podLine("RunPodSandbox", of, ips)),
  )
  .map((text) => Buffer.from(text).toString("latin1"));

describe("LineReader", () => {
  test("answers as parseLogLine for any line, whatever came before it", () => {
    const reader = new LineReader();
    fc.assert(
      fc.property(line, (text) => {
        expect(readBy(reader, text)).toEqual(plain(parseLogLine(text)));
      }),
      { numRuns: howOften(300, 20_000) },
    );
  });

  test("answers as parseLogLine for the lines of a made log", () => {
    let log = "";
    generateLog({ seed: 7, bytes: 300_000 }, (text) => {
      log += text;
    });
    const reader = new LineReader();
    let own = 0;
    for (const text of log.split("\n")) {
      const read = readBy(reader, text);
      if (read !== null) own++;
      expect(read).toEqual(plain(parseLogLine(text)));
    }
    expect(own).toBeGreaterThan(200);
  });

  test.each([
    ["a pod's facts", podLine("RunPodSandbox", ABOUT), "}}}", "}} }"],
    ["a pod's labels", podLine("RunPodSandbox", ABOUT), "}}}", "} }}"],
    ["a request", tapLine("ADD", "pre", ABOUT), "}}", "} }"],
    ["a result", endLine("ADD", "calico", ABOUT, { ms: 1, exit: 0, output: {} }), "}}", "} }"],
  ])("with a space behind %s, a line is read as parseLogLine reads it", (_, text, end, spaced) => {
    expect(text.endsWith(end)).toBe(true);
    const changed = `${text.slice(0, -end.length)}${spaced}`;
    expect(plain(parseLogLine(changed))).not.toBeNull();
    expect(readBy(new LineReader(), changed)).toEqual(plain(parseLogLine(changed)));
  });

  test("of a line that was changed anywhere, it reads what parseLogLine reads, or a whole head without its payload", () => {
    const reader = new LineReader();
    const change = fc.tuple(
      line,
      fc.nat(),
      fc.constantFrom("", '"', "}", "\\", "0", "\n", "x"),
      fc.nat({ max: 3 }),
    );
    fc.assert(
      fc.property(change, ([text, place, put, cut]) => {
        const at = place % (text.length + 1);
        const changed = (text.slice(0, at) + put + text.slice(at + cut)).replaceAll("\n", " ");
        const strict = plain(parseLogLine(changed));
        const read = readBy(reader, changed);
        if (strict !== null) expect(read).toEqual(strict);
        else if (read !== null) expect(text.slice(0, 15)).toBe(changed.slice(0, 15));
        if (strict === null && read !== null)
          expect(headOf(read)).toEqual(headOf(plain(parseLogLine(mended(changed)))));
      }),
      { numRuns: howOften(500, 50_000) },
    );
  });
});

/** The line with a payload that is JSON. */
function mended(text: string): string {
  return text.replace(/,"(input|output)":.*$/, ',"$1":{}}').replace(/,"labels":\{.*$/, ',"labels":{}}}');
}

function headOf(read: unknown): unknown {
  return JSON.parse(
    JSON.stringify(read, (key, value: unknown) =>
      key === "content" || key === "labels" ? undefined : value,
    ),
  );
}
