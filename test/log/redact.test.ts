import { expect, test } from "vitest";
import type { Pieces } from "../../src/log/pieces.ts";
import { pushRedacted, redactArgs, redactPairs, redactText } from "../../src/log/redact.ts";
import { SECRET_RULES } from "../../src/log/secret-rules.ts";

test("redactText hides a whole text or its parts", () => {
  const show = (text: string) => redactText(text, SECRET_RULES);
  expect(show("plain")).toBe("plain");
  expect(show("x eyJa.b.c")).toBe("[redacted 10 bytes]");
  expect(show("a://b@c,d://e@f g")).toBe("a://[redacted 1 bytes]@c,d://[redacted 1 bytes]@f g");
  expect(show("--password=hunter2")).toBe("--password=[redacted 7 bytes]");
});

test("redactPairs hides secret values, and keys that are secrets themselves", () => {
  const pairs = { K8S_POD_NAME: "web", API_KEY: "abc", x: "eyJa.b.c", "eyJa.b.c": "y", u: "http://a@b" };
  expect({ ...redactPairs(pairs, SECRET_RULES) }).toEqual({
    K8S_POD_NAME: "web",
    API_KEY: "[redacted 3 bytes]",
    x: "[redacted 8 bytes]",
    "[redacted 8 bytes]": "y",
    u: "http://[redacted 1 bytes]@b",
  });
});

test.each([
  ["A=1;PASSWORD=a;rest;;more;B=2;C", { A: "1", PASSWORD: "[redacted 1 bytes]", B: "2", C: "" }],
  ["x=--token=a;rest", { x: "--token=[redacted 1 bytes]" }],
  ["x=http://a@b;C", { x: "http://[redacted 1 bytes]@b", C: "" }],
  ["PASSWORD=;rest", { PASSWORD: "[redacted 0 bytes]" }],
  ["C;__proto__=1;token_file=/x", { C: "", ["__proto__"]: "1", token_file: "/x" }],
])("redactArgs hides secret values, and what may be the rest of one: %s", (args, expected) => {
  const rest = args.includes("rest") ? { "[redacted 4 bytes]": "" } : {};
  expect(Object.entries(redactArgs(args, SECRET_RULES)).sort()).toEqual(
    Object.entries({ ...expected, ...rest }).sort(),
  );
});

test("pushRedacted writes quotes only for whole secrets", () => {
  const pieces: Pieces = [];
  pushRedacted(pieces, { overflow: false, secrets: [1, 3, 0, 4, 6, 0, 8, 9, 1, 12, 14, 0] }, 4, 10);
  expect(pieces).toEqual(['"[redacted 2 bytes]"', 6, 8, "[redacted 1 bytes]", 9, 10]);
});
