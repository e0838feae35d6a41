import { describe, expect, test } from "vitest";
import { asByteString } from "../../src/log/byte-string.ts";
import {
  type Content,
  classicLine,
  classicVariables,
  type Details,
  escapeVariable,
  jsonLine,
  type Redaction,
  type Span,
  type Variables,
} from "../../src/log/call-line.ts";
import type { Pieces } from "../../src/log/pieces.ts";
import { SECRET_RULES } from "../../src/log/secret-rules.ts";

const jwt = asByteString("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln");
const hidden = `[redacted ${jwt.length} bytes]`;
/** Standard input: the spans of these tests are slices of it. */
const input = `{"name":"net","cniVersion":"1.0.0","label":"${jwt}","a":{"token":"t"}}`;

function spanOf(text: string): Span {
  const start = input.indexOf(text);
  return { start, end: start + text.length };
}

const secretSpans = [`"${jwt}"`, '"t"'].map(spanOf).flatMap(({ start, end }) => [start, end, 0]);
const all: Redaction = { redact: true, overflow: false, secrets: secretSpans, rules: SECRET_RULES };
const none: Redaction = { ...all, redact: false };

const variables: Variables = {
  command: asByteString("ADD"),
  containerId: asByteString("c1"),
  netns: asByteString("/run/n"),
  ifname: asByteString("eth0"),
  args: asByteString("A=1"),
  traceparent: null,
  tracestate: null,
};
const details: Details = {
  tap: "pre",
  build: "1.2.3",
  pid: 7,
  time: [0, 5],
  network: spanOf('"net"'),
  cniVersion: spanOf('"1.0.0"'),
  label: spanOf(`"${jwt}"`),
};
const whole: Content = { kind: "input", span: { start: 0, end: input.length } };

/** The text that the pieces make. */
function join(pieces: Readonly<Pieces>): string {
  let text = "";
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index];
    text += typeof piece === "string" ? piece : input.slice(piece, Number(pieces[++index]));
  }
  return text;
}

function jsonOf(changes: Partial<Variables>, redaction: Redaction, content = whole): Record<string, unknown> {
  return JSON.parse(join(jsonLine({ ...variables, ...changes }, details, content, redaction)));
}

test("escapeVariable escapes what would end a field or a line", () => {
  expect(escapeVariable(asByteString("plain-1.2_3"))).toBe("plain-1.2_3");
  expect(escapeVariable(asByteString(""))).toBe("");
  expect(escapeVariable(asByteString("a,b c\\d\ne\x7f\x80\xff!"))).toBe(
    "a\\x2Cb\\x20c\\x5Cd\\x0Ae\\x7F\x80\xff!",
  );
  expect(escapeVariable(asByteString("\0\x1f"))).toBe("\\x00\\x1F");
  expect(escapeVariable(asByteString(","))).toBe("\\x2C");
});

describe("a classic line", () => {
  test("hides secrets in variables and payload", () => {
    const line = join(classicLine({ ...variables, command: jwt, containerId: jwt }, whole, all));
    const field = hidden.replaceAll(" ", "\\x20");
    expect(line).toBe(
      `CNI_COMMAND=${field},CNI_CONTAINERID=${field},input=` +
        `{"name":"net","cniVersion":"1.0.0","label":"[redacted ${jwt.length + 2} bytes]","a":{"token":"[redacted 3 bytes]"}}\n`,
    );
  });

  test("looks for secrets before it escapes the text", () => {
    const shown = classicVariables({ ...variables, containerId: asByteString("-----BEGIN x") }, all);
    expect(shown).toBe("CNI_COMMAND=ADD,CNI_CONTAINERID=[redacted\\x2012\\x20bytes]");
  });

  test("hides nothing if redact is false", () => {
    const line = join(classicLine({ ...variables, containerId: jwt }, whole, none));
    expect(line).toBe(`CNI_COMMAND=ADD,CNI_CONTAINERID=${jwt},input=${input}\n`);
  });

  test("of a note is only the note", () => {
    expect(classicLine(variables, { kind: "note", text: "why" }, all)).toEqual(["why\n"]);
  });
});

describe("a json line", () => {
  const names: readonly (keyof Variables)[] = [
    "command",
    "containerId",
    "netns",
    "ifname",
    "traceparent",
    "tracestate",
  ];

  test.each(names)("hides a secret in %s, unless redact is false", (name) => {
    expect(jsonOf({ [name]: asByteString(`x ${jwt}`) }, all)[name]).toBe(
      `[redacted ${jwt.length + 2} bytes]`,
    );
    expect(jsonOf({ [name]: asByteString(`x ${jwt}`) }, none)[name]).toBe(`x ${jwt}`);
  });

  test("hides secrets in args, label and payload, unless redact is false", () => {
    expect(jsonOf({ args: asByteString(`token=a;x=${jwt};y=1`) }, all)).toMatchObject({
      args: { token: "[redacted 1 bytes]", x: hidden, y: "1" },
      label: `[redacted ${jwt.length + 2} bytes]`,
      input: { name: "net", label: `[redacted ${jwt.length + 2} bytes]`, a: { token: "[redacted 3 bytes]" } },
    });
    expect(jsonOf({ args: asByteString("token=a") }, none)).toMatchObject({
      args: { token: "a" },
      label: jwt,
    });
  });

  test("hides a payload that is itself a secret, and nothing around a secret", () => {
    const secret = spanOf('"t"');
    expect(jsonOf({}, all, { kind: "output", span: secret }).output).toBe("[redacted 3 bytes]");
    const inside = { start: secret.start - 9, end: secret.end + 1 };
    expect(jsonOf({}, all, { kind: "output", span: inside }).output).toEqual({ token: "[redacted 3 bytes]" });
  });

  test("shows only the length of each slice if there are too many secrets", () => {
    const line = jsonOf({}, { ...all, overflow: true });
    expect(line).toMatchObject({
      network: "[redacted 5 bytes]",
      cniVersion: "[redacted 7 bytes]",
      label: `[redacted ${jwt.length + 2} bytes]`,
      input: `[redacted ${input.length} bytes]`,
    });
  });

  test("shows traceparent and tracestate independently of each other", () => {
    expect(Object.keys(jsonOf({ tracestate: asByteString("s") }, all))).toContain("tracestate");
    expect(Object.keys(jsonOf({ tracestate: asByteString("s") }, all))).not.toContain("traceparent");
    expect(Object.keys(jsonOf({ traceparent: asByteString("p") }, all))).not.toContain("tracestate");
  });
});
