import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { howOften } from "../support/soak.ts";
import { bareAnswer } from "./support/compare.ts";
import { readPair } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { answerOf, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, type Form, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* Writes of any size in any order, to callers that read much or little at a time. */

beforeAll(buildPrograms);

/** Sizes around those of a page, of what poll(2) promises, and of a pipe. */
const size = fc.oneof(
  fc.constantFrom(1, 4_095, 4_096, 4_097, 32_767, 32_768, 32_769, 61_441, 65_535, 65_536, 65_537, 131_072),
  fc.integer({ min: 1, max: 300_000 }),
);

const step = fc.oneof(
  { weight: 3, arbitrary: size.map((n) => `fill-out:${n}`) },
  { weight: 2, arbitrary: size.map((n) => `fill-err:${n}`) },
  fc.constantFrom("sleep:1", "out:x", "err:y\\n", "both:50", "drip:20:50"),
);

const call: fc.Arbitrary<BareCall> = fc
  .tuple(
    fc.array(step, { minLength: 1, maxLength: 10 }),
    fc.constantFrom(0, 3),
    fc.constantFrom(65_536, 10_000, 700),
  )
  .map(([steps, exit, bytes]) => ({ ill: ["read", ...steps, `exit:${exit}`].join(";"), options: { bytes } }));

async function expectSame(form: Form, one: BareCall): Promise<void> {
  await withScratch(async (scratch) => {
    const run = await runPlugin(wrappedCall(form, scratch, one));
    expect(answerOf(run)).toEqual(await bareAnswer(one));
    const [, end] = readPair(scratch.lines());
    if (run.stdout.length > 0 && !isJson(run.stdout.toString()))
      expect(end.members.output === run.stdout.toString()).toBe(true);
    const { stderr } = end.members;
    if (typeof stderr === "string" && run.stderr.length <= 65_536)
      expect(stderr === run.stderr.toString()).toBe(true);
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test.each(forms)("a plugin wrapped %s answers as the bare one, whatever it writes", async (form) => {
  await fc.assert(
    fc.asyncProperty(call, (one) => expectSame(form, one)),
    { numRuns: howOften(25, 1_000) },
  );
});
