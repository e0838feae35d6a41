import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asByteString } from "../../src/log/byte-string.ts";
import { quoteLines } from "../../src/log/secret-lines.ts";
import { howOften } from "../support/soak.ts";
import { LineDriver } from "./line-driver.ts";

/* What cni_wrap keeps of a plugin's text (capture.c) and shows of it (quote.c), with sanitizers, and their twins. */

let driver: LineDriver;
beforeAll(async () => {
  const core = ["json-string", "secret", "secret-key", "secret-parts", "io"].map((name) => `core/${name}`);
  driver = await LineDriver.start("wrap-driver", [...core, "wrap/quote", "wrap/capture"]);
});
afterAll(() => driver.stop());

const bits = fc.constantFrom(
  ...["\n", "\n", "\n", "\r\n", "a", " ", "x=", ": ", '"', "'", "\\", "-----", "\0", "\x7f", "\x1b[0m", "\t"],
  ...[
    "-----BEGIN ",
    "-----END ",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----END RSA PRIVATE KEY-----\n",
    "MIIE\n",
  ],
  ...[
    "password",
    "token",
    "psk",
    "auth",
    "tokenFile",
    '"secret": ',
    "password=hunter2",
    "psk:",
    "https://u:p@h/",
  ],
  ...[
    "eyJhbGciOi.eyJzdWIi.c2ln",
    "eyJ",
    "LS0tLS1CRUdJTi",
    "\xc2\x9b",
    "\xc2",
    "\x9b",
    "\xff",
    "\xc3\xa9",
    "{",
    "}",
  ],
  ...[
    "level=error msg=",
    "x".repeat(100),
    "k".repeat(600),
    "Authorization: Bearer ",
    '{"name":"password","value":"',
  ],
);
const text = fc.oneof(
  { arbitrary: fc.array(bits, { maxLength: 25 }).map((parts) => parts.join("")), weight: 5 },
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.json().map((json) => Buffer.from(json).toString("latin1")),
);

describe("what a plugin says", () => {
  test("is quoted in C as in TypeScript", async () => {
    const cases = fc.record({
      ...{ text, cut: fc.boolean(), redact: fc.nat(7) },
      window: fc.oneof(fc.constant(null), fc.tuple(fc.nat(), fc.nat())),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ text, cut, redact, window }) => {
        const ends = (window ?? [0, text.length]).map((end) => end % (text.length + 1));
        const [shownFrom = 0, shownTo = 0] = ends.toSorted((a, b) => a - b);
        const hides = redact > 0;
        const head = ["quote", text.length, Number(cut), shownFrom, shownTo, Number(hides)].join(" ");
        const got = Buffer.from(await driver.ask(head, Buffer.from(text, "latin1")), "hex").toString(
          "latin1",
        );
        expect(got).toBe(quoteLines({ text: asByteString(text), cut, shownFrom, shownTo }, hides));
        expect(JSON.parse(`"${got}"`)).toBeTypeOf("string");
      }),
      { numRuns: howOften(6_000, 500_000) },
    );
  });

  test("needs no more room than its bytes and a little, however short its secrets are", async () => {
    for (const line of ["psk:", "psk=", "://a@", "\x01\x01", "\xc2\x80", '"', "-----BEGIN "]) {
      const many = `${line}\n`.repeat(20_000);
      await driver.ask(`quote ${many.length} 1 0 ${many.length} 1`, Buffer.from(many, "latin1"));
    }
  });

  test("is kept from its beginning and to its end", async () => {
    const size = fc.oneof(fc.nat(100), fc.nat(70_000), fc.constantFrom(65_535, 65_536, 65_537, 262_144));
    const limits = fc.tuple(
      fc.constantFrom(65_536, 100_000, 262_144),
      fc.constantFrom(0, 1_000, 65_536, 100_000, 300_000),
    );
    await fc.assert(
      fc.asyncProperty(limits, fc.array(size, { maxLength: 12 }), async ([limit, tailLimit], sizes) => {
        const total = sizes.reduce((sum, one) => sum + one, 0);
        const line = await driver.ask(["capture", limit, tailLimit, sizes.length, ...sizes].join(" "));
        const tail = total > limit ? Math.min(tailLimit, total) : 0;
        expect(line).toBe(`${Math.min(total, limit)} ${tail} ${total} 1`);
      }),
      { numRuns: howOften(150, 5_000) },
    );
  });
});
