import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holdsSecretShape, secretParts, secretsIn } from "../../src/log/secret-texts.ts";

describe("a JWT or a PEM block", () => {
  test.each([
    "eyJa.b.c",
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln,",
    "x_eyJh..iv.ct.tag",
    "eyJa.eyJb..c",
    "-----BEGIN X",
    "\n------BEGIN RSA PRIVATE KEY-----",
    `ca: ${Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64")}`,
  ])("is found in %j", (text) => {
    expect(holdsSecretShape(text)).toBe(true);
    expect(secretsIn(text)).toEqual([0, text.length]);
  });

  test.each([
    "",
    "eyJ",
    "eyJa.b",
    "eyJa.b.",
    "eyJa.b .c",
    "eyja.b.c",
    "ey.J.a.b",
    "-----END X-----",
    "-----BEGIN",
    "--- BEGIN x",
    "1.2.3",
    "LS0tLS1CRUdJT",
    "LS0tLS1FTkQg",
  ])("is not found in %j", (text) => {
    expect(holdsSecretShape(text)).toBe(false);
    expect(secretsIn(text)).toBe(null);
  });

  test("is found in any text where the regular expression matches, and nowhere else", () => {
    const bits = ["eyJ", "e", "y", "J", ".", "..", "-----", "BEGIN ", "-", "a", "_", " ", "é", "\n"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...bits), { maxLength: 20 }), (parts) => {
        const text = parts.join("");
        expect(holdsSecretShape(text)).toBe(/eyJ[\w-]*\.[\w-]*\.[\w-]|-----BEGIN /.test(text));
      }),
      { numRuns: 5000 },
    );
  });
});

/** The text with its parts hidden. */
function shown(text: string): string {
  const parts = secretParts(text);
  let result = "";
  let from = 0;
  for (let index = 0; index < parts.length; index += 2) {
    result += `${text.slice(from, parts[index])}…`;
    from = parts[index + 1] ?? 0;
  }
  return result + text.slice(from);
}

describe("the user info of a URL", () => {
  test.each([
    ["https://root:secret@10.0.0.1:2379,https://u@h", "https://…@10.0.0.1:2379,https://…@h"],
    ["a postgres://u:p@ss@db/x?y=1", "a postgres://…@db/x?y=1"],
    ["http:\\/\\/u:p@h\\/x", "http:\\/\\/…@h\\/x"],
    ["x://my-token:y@h:80", "x://…@h:80"],
  ])("is hidden: %s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test.each([
    "https://10.0.0.1:2379/a@b",
    "https://h?x@y",
    "https://h#a@b",
    'https://h" a@b',
    "https://h,a@b",
    "https://h;a@b",
    "https://h a@b",
    "https://h\\n a@b",
    "https://h\na@b",
    "https://@h",
    "mailto:a@b",
    "https:/a@b",
  ])("is not there: %j", (text) => {
    expect(shown(text)).toBe(text);
  });
});

describe("what is assigned to a secret key", () => {
  test.each([
    ["--password=hunter2 -x", "--password=…"],
    ["password = hunter2", "password = …"],
    ["Authorization: Bearer x", "Authorization: …"],
    ["x Authorization: Basic x", "x Authorization: …"],
    ['-H "X-Auth-Token: x"', '-H "X-Auth-Token: …'],
    ["password: x", "password: …"],
    ["  - password: x", "  - password: …"],
    ["a: b\npassword: x", "a: b\npassword: …"],
    ["a: b\\npassword: x", "a: b\\npassword: …"],
    ["a: b\\r\\n\\tauth: x", "a: b\\r\\n\\tauth: …"],
    ['{"password":"x"}', '{"password":"…'],
    ['{\\"a\\":1, \\"password\\" : \\"x\\"}', '{\\"a\\":1, \\"password\\" : \\"…'],
    ['{\\\\\\"db_pass\\\\\\":\\\\\\"x', '{\\\\\\"db_pass\\\\\\":\\\\\\"…'],
    ["{'token': 'x'}", "{'token': '…"],
    ['{"name":"DB_PASSWORD","value":"x"}', '{"name":"DB_PASSWORD","value":"…'],
    ['{\\"name\\":\\"PASS\\",\\n  \\"value\\": \\"x\\"}', '{\\"name\\":\\"PASS\\",\\n  \\"value\\": \\"…'],
    ["https://u:p@h/?token=x&y=z", "https://…@h/?token=…"],
    ["tokenFile=/a token=x", "tokenFile=/a token=…"],
    ['password="" token="x"', 'password="" token="…'],
    ["token:x\ntoken=y", "token:…"],
    [`${"x".repeat(600)}token=x`, `${"x".repeat(600)}token=…`],
    ["\\token=x", "\\token=…"],
  ])("is hidden: %j", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test.each([
    "failed to get token: connection refused",
    "token",
    "token=",
    "password: ",
    'password=""',
    "password: \\'\\'",
    "token://x",
    "passwordFile=/etc/x",
    "author: me",
    "compass=north",
    "10:30:00",
    `${"x".repeat(600)}=`,
    '{"name":"web","value":"x"}',
    '"PASSWORD","values":"x"',
    '"PASSWORD" "value":"x"',
    "PASSWORD,value:x",
    "=x",
    ': "x"',
  ])("is not there: %j", (text) => {
    expect(shown(text)).toBe(text);
  });
});

test("secrets are searched in linear time: a quadratic search would not end", () => {
  for (const bit of [
    "eyJ",
    "eyJ.a ",
    "eyJa.b. ",
    "a://",
    "a:",
    "- ",
    "\\",
    '"',
    "x=",
    "token:",
    "\\t",
    "a",
  ]) {
    expect(secretsIn(`@ ${bit.repeat(1_000_000)}`), bit).toBe(null);
  }
});
