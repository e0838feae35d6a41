import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asByteString, encodeUtf8 } from "../../src/log/byte-string.ts";
import { LINE_TEXTS } from "../../src/log/line-texts.ts";
import { type CallLine, type LogLine, parseLogLine } from "../../src/log/log-line.ts";
import { missingLinesNote } from "../../src/log/notes.ts";
import { classicPodLine, jsonPodLine, noteLine, POD_EVENTS, type PodFacts } from "../../src/log/pod-line.ts";
import { jsonValue, plainName } from "../support/json-names.ts";
import { loggedPod } from "../support/pod-facts.ts";
import { howOften } from "../support/soak.ts";
import { callTwin } from "../tap/support.ts";

/** The text of a variable: no NUL, and often something that has a meaning in a line. */
const variable = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ",",
        "=",
        ";",
        "\\",
        '"',
        "\n",
        "\\x2C",
        "{",
        "}",
        "input",
        "é",
        "\x1b[31m",
        "K8S_POD_NAME",
      ),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));
const env = fc.record(
  {
    CNI_COMMAND: fc.constantFrom("ADD", "DEL", "CHECK", "GC", "STATUS", "NEW,ONE"),
    CNI_CONTAINERID: variable,
    CNI_NETNS: variable,
    CNI_IFNAME: variable,
    CNI_ARGS: variable,
    TRACEPARENT: variable,
    TRACESTATE: variable,
  },
  { requiredKeys: ["CNI_COMMAND"] },
);
const request = fc.record(
  {
    cniVersion: fc.oneof(variable, fc.constant(7)),
    name: variable,
    prevResult: fc.oneof(jsonValue(), fc.constant({ ips: [{ address: "10.0.0.1/24" }] })),
    label: variable,
    note: fc.constant("no note"),
    output: jsonValue(),
  },
  { requiredKeys: [] },
);

/** The lines that a tap writes for a call, made by the script of the executables. */
function linesOf(role: "pre" | "post", variables: Readonly<Record<string, string>>, stdin: string): string[] {
  return callTwin(role, { env: variables, stdin }).host.lines.map(({ text }) => text.slice(0, -1));
}

function parseCall(line: string): CallLine {
  const read = parseLogLine(line);
  if (read?.kind !== "call") throw new Error(`Not read as a call: ${line}`);
  return read;
}

const pod: fc.Arbitrary<PodFacts> = fc.record({
  id: variable,
  namespace: variable,
  name: variable,
  uid: variable,
  netns: fc.option(variable),
  ips: fc.array(variable, { maxLength: 3 }),
  labels: fc.dictionary(variable.map(plainName), variable, { maxKeys: 3, noNullPrototype: true }),
});

const text = (line: string) => Buffer.from(line, "latin1").toString().slice(0, -1);

describe("parseLogLine reads back all fields of any line of a tap", () => {
  test.each(["classic", "json"] as const)("in the %s format", (logFormat) => {
    fc.assert(
      fc.property(
        fc.constantFrom("pre" as const, "post" as const),
        env,
        request,
        (role, variables, members) => {
          const stdin = JSON.stringify({ ...members, logFormat, logStatus: true, redact: false });
          for (const line of linesOf(role, variables, stdin)) {
            const id = variables.CNI_CONTAINERID || null;
            if (logFormat === "classic" && !line.startsWith("CNI_COMMAND=")) {
              expect(parseLogLine(line)).toMatchObject({
                kind: "note",
                text: "env CNI_CONTAINERID not found",
              });
              continue;
            }
            const read = parseCall(line);
            expect(read).toMatchObject({
              format: logFormat,
              command: variables.CNI_COMMAND,
              containerId: id,
            });
            if (read.content.kind === "input") expect(read.content.json).toBe(stdin);
            if (read.content.kind === "output") {
              expect(JSON.parse(read.content.json)).toEqual(JSON.parse(stdin).prevResult);
            }
            if (logFormat === "classic") continue;
            expect(read).toMatchObject({
              tap: role,
              pid: 4711,
              time: "2025-11-20T21:38:00.123456Z",
              netns: variables.CNI_NETNS ?? null,
              ifname: variables.CNI_IFNAME ?? null,
              network: members.name ?? null,
              label: members.label ?? null,
              traceparent: variables.TRACEPARENT || null,
            });
          }
        },
      ),
      { numRuns: howOften(1_000, 50_000) },
    );
  });
});

test.each([true, false])(
  "parseLogLine reads back all fields of any line of the observer, json: %s",
  (json) => {
    fc.assert(
      fc.property(pod, fc.constantFrom(...POD_EVENTS), fc.option(variable), (facts, event, label) => {
        const details = {
          time: "2025-11-20T21:38:00.123000Z",
          label: label === null ? null : encodeUtf8(label),
        } as const;
        const line = json
          ? jsonPodLine(event, loggedPod(facts), details, LINE_TEXTS, false)
          : classicPodLine(event, loggedPod(facts), LINE_TEXTS, false);
        const { id: containerId, labels, ...rest } = facts;
        expect(parseLogLine(text(line))).toEqual({
          ...{ kind: "pod", format: json ? "json" : "classic", event, containerId },
          time: json ? "2025-11-20T21:38:00.123000Z" : null,
          label: json ? label : null,
          pod: { ...rest, labels: json ? labels : null },
        });
      }),
      { numRuns: howOften(500, 20_000) },
    );
  },
);

describe("parseLogLine reads a note", () => {
  const details = { time: "1970-01-01T00:00:00.000000Z", label: asByteString("l") };

  test.each([missingLinesNote(12), 'Cannot read the configuration: bad indent at byte 7, "x"'])(
    "%s",
    (note) => {
      expect(
        parseLogLine(noteLine(encodeUtf8(note), "classic", details, LINE_TEXTS).slice(0, -1)),
      ).toMatchObject({
        kind: "note",
        text: note,
      });
      expect(
        parseLogLine(noteLine(encodeUtf8(note), "json", details, LINE_TEXTS).slice(0, -1)),
      ).toMatchObject({
        ...{ kind: "note", format: "json", text: note, label: "l", time: "1970-01-01T00:00:00.000000Z" },
      });
    },
  );

  test("of a call without CNI_COMMAND", () => {
    const [line = ""] = linesOf("pre", {}, "{}");
    expect(parseLogLine(line)).toMatchObject({
      kind: "note",
      text: "env CNI_COMMAND not found",
      command: null,
    });
  });

  test("of a call whose stdin is not JSON, with its command and container ID", () => {
    const [line = ""] = linesOf("pre", { CNI_COMMAND: "DEL", CNI_CONTAINERID: "a,b" }, "{");
    expect(parseLogLine(line)).toMatchObject({
      ...{ text: "stdin is not JSON: unexpected end at byte 1", command: "DEL", containerId: "a,b" },
    });
  });

  test("of a refused call in the json format, as the call's content", () => {
    const [line = ""] = linesOf("pre", { CNI_COMMAND: "ADD" }, '{"logFormat":"json"}');
    expect(parseCall(line).content).toEqual({ kind: "note", text: "env CNI_CONTAINERID not found" });
  });
});

const JSON_LINE =
  linesOf(
    "post",
    { CNI_COMMAND: "ADD", CNI_CONTAINERID: "9f75", CNI_ARGS: 'input=1;"output":=2;K8S_POD_NAME=web-0' },
    '{"logFormat":"json","name":"k8s","prevResult":{"big":12345678901234567890,"note":"x"}}',
  )[0] ?? "";

test("parseLogLine returns the payload's exact text, whatever keys come before it", () => {
  expect(parseCall(JSON_LINE).content).toEqual({
    kind: "output",
    json: '{"big":12345678901234567890,"note":"x"}',
  });
  expect(parseCall(JSON_LINE).args).toMatchObject({ input: "1", '"output":': "2" });
});

describe("parseLogLine", () => {
  const CLASSIC_LINE = 'CNI_COMMAND=ADD,CNI_CONTAINERID=9f75,output={"ips":[{"address":"10.0.0.1/24"}]}';
  const POD_LINE = classicPodLine(
    "Vanished",
    loggedPod({
      id: "9f75",
      namespace: "n",
      name: "p",
      uid: "u",
      netns: null,
      ips: ["10.0.0.1"],
      labels: {},
    }),
    LINE_TEXTS,
    true,
  ).slice(0, -1);

  test.each([
    ["an empty line", ""],
    ["another program's line", "Nov 21 08:00:00 node kubelet[1]: pod started"],
    ["other JSON", '{"level":"info","msg":"started"}'],
    ["a later version", JSON_LINE.replace('{"v":1,', '{"v":2,')],
    ["a number in place of a string", JSON_LINE.replace('"command":"ADD"', '"command":7')],
    ["an unknown tap", JSON_LINE.replace('"tap":"post"', '"tap":"mid"')],
    ["no time", JSON_LINE.replace(/"time":"[^"]*",/, "")],
    ["an unknown pod event", '{"v":1,"time":"x","nri":"Run","containerId":"c","pod":{}}'],
    ["a pod without a name", POD_LINE.replace('"name":"p",', "")],
    ["a payload that is not JSON", "CNI_COMMAND=ADD,CNI_CONTAINERID=c,input={a:1}"],
    ["text after a payload", `${CLASSIC_LINE},more=1`],
    ["two lines in one", JSON_LINE + JSON_LINE],
  ])("returns null for %s", (_, line) => {
    expect(parseLogLine(line)).toBeNull();
  });

  test.each([
    ["json", JSON_LINE],
    ["classic", CLASSIC_LINE],
    ["pod", POD_LINE],
  ])("returns null for a line that is cut anywhere: %s", (_, line) => {
    expect(parseLogLine(line)).not.toBeNull();
    for (let end = 0; end < line.length; end++)
      expect(parseLogLine(line.slice(0, end)), line.slice(0, end)).toBeNull();
  });

  test("throws for no bytes, and returns the same for the same bytes", () => {
    const lines = [JSON_LINE, CLASSIC_LINE, POD_LINE, missingLinesNote(3)];
    const mutated = fc
      .tuple(
        fc.constantFrom(...lines),
        fc.nat(),
        fc.nat(20),
        fc.oneof(fc.string(), fc.constantFrom(...lines)),
      )
      .map(([line, at, length, put]) => {
        const from = at % line.length;
        return line.slice(0, from) + put + line.slice(from + length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), mutated), (line) => {
        const read: LogLine | null = parseLogLine(line);
        if (read?.kind === "call" && read.content.kind !== "note") JSON.parse(read.content.json);
        expect(parseLogLine(line)).toEqual(read);
      }),
      { numRuns: howOften(3_000, 300_000) },
    );
  });

  test("reads a line of megabytes in linear time: a quadratic search would not end", () => {
    const many = `{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":"\\"v"`).join(",")}}`;
    const line = JSON_LINE.replace(/"args":\{.*?\},/, `"args":${many},`);
    expect(Object.keys(parseCall(line).args ?? {})).toHaveLength(100_000);
    expect(parseLogLine(`${line.slice(0, -1)},`)).toBeNull();
    expect(parseLogLine(`{"v":1,${'"a":"\\'.repeat(200_000)}`)).toBeNull();
  });
});
