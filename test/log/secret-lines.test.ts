import { describe, expect, test } from "vitest";
import { asByteString } from "../../src/log/byte-string.ts";
import { quoteLines } from "../../src/log/secret-lines.ts";

function quote(text: string, more: { cut?: boolean; shownFrom?: number; shownTo?: number } = {}): string {
  const part = { cut: false, shownFrom: 0, shownTo: text.length, ...more };
  return quoteLines({ ...part, text: asByteString(text) }, true);
}

const KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nAbCdEf\n-----END PRIVATE KEY-----";

describe("the lines of a plugin", () => {
  test.each([
    [
      "that hold no secret stay",
      "error: no address left\nsee the log",
      "error: no address left\\nsee the log",
    ],
    ["with a secret key are hidden whole", "a\nGET password: x\nb", "a\\n[redacted 15 bytes]\\nb"],
    ["with a secret key in quotes are hidden", `{"x":1,"token": 7}`, "[redacted 18 bytes]"],
    ["with an assignment are hidden", "export DB_PASS=hunter2\n", "[redacted 22 bytes]\\n"],
    ["with user info in a URL are hidden", "dial https://u:p@host/\nb", "[redacted 22 bytes]\\nb"],
    ["with a JWT are hidden", "a eyJh.eyJz.c2ln b\nc", "[redacted 18 bytes]\\nc"],
    ["of a PEM block are hidden as one", `a\n${KEY}\nb`, "a\\n[redacted 67 bytes]\\nb"],
    [
      "of a PEM block without an end are hidden to the end",
      `a\n${KEY.slice(0, 40)}`,
      "a\\n[redacted 40 bytes]",
    ],
    ["of PEM blocks that share a line are hidden as one", `${KEY}${KEY}\nb`, "[redacted 134 bytes]\\nb"],
    ["after the end of a block alone stay", "-----END X-----\nb", "-----END X-----\\nb"],
    ["with a harmless key stay", "tokenFile: /a\n", "tokenFile: /a\\n"],
    ["have JSON's escapes", 'a"\\\t\u0001\x7f\xc2\x9b\xc3\xa9', 'a\\"\\\\\\t\\u0001\\u007f\\u009b\xc3\xa9'],
  ])("%s", (_, text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });

  test("are judged whole where only a part is shown", () => {
    const text = "one\npassword=hunter2\nthree";
    expect(quote(text, { shownTo: 10 })).toBe("one\\n[redacted 16 bytes]");
    expect(quote(text, { shownFrom: 15 })).toBe("[redacted 16 bytes]\\nthree");
    expect(quote(text, { shownFrom: 1, shownTo: 3 })).toBe("ne");
  });

  test("that are cut are hidden, as is a PEM block that is", () => {
    expect(quote("ter2\nthree", { cut: true })).toBe("[redacted 4 bytes]\\nthree");
    expect(quote("AbCd\n-----END X-----\nb", { cut: true })).toBe("[redacted 20 bytes]\\nb");
    expect(quote("\nb", { cut: true })).toBe("\\nb");
  });

  test("are shown where nothing is to be hidden", () => {
    const part = { text: asByteString(`${KEY}\n`), cut: true, shownFrom: 0, shownTo: 68 };
    expect(quoteLines(part, false)).toBe(`${KEY}\n`.replaceAll("\n", "\\n"));
  });
});
