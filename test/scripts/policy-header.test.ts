import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runTool } from "../../scripts/build/compile.ts";
import { policyHeader } from "../../scripts/build/policy-header.ts";
import { quickjsSource } from "../../scripts/build/quickjs.ts";
import { CORE, NATIVE_FLAGS } from "../../scripts/build/tap.ts";
import { useScratch } from "../support/scratch.ts";

/** Compiles host.c with a policy.h made from these words. */
async function compileWith(words: readonly string[], endings: readonly string[]): Promise<string> {
  const scratch = useScratch();
  writeFileSync(scratch.path("policy.h"), policyHeader(words, endings));
  const includes = ["-isystem", quickjsSource(), `-I${CORE}`, `-I${scratch.folder}`];
  return await runTool("gcc", [...NATIVE_FLAGS, ...includes, "-fsyntax-only", join(CORE, "host.c")]);
}

describe("policyHeader", () => {
  test.each(["Password", "pass_word", "api-key", "token1", "clé", "", " token", 'to"ken'])(
    "refuses a secret word that is not a-z alone: %j",
    (word) => {
      const why = `Cannot make policy.h: the word ${JSON.stringify(word)} is not a-z alone`;
      expect(() => policyHeader(["token", word])).toThrow(why);
      expect(() => policyHeader(["token"], [word])).toThrow(why);
    },
  );
});

describe("the compiler", () => {
  const word = (letters: number) => "x".repeat(letters);

  test("accepts as many letters and words as a scan can search for", async () => {
    await expect(compileWith([word(100), word(20)], [word(8)])).resolves.toBe("");
    await expect(compileWith(Array(32).fill("xyz"), ["name"])).resolves.toBe("");
  });

  test("refuses one letter too many, of words and endings together", async () => {
    const why = "the secret words have more letters than a scan can search for";
    await expect(compileWith([word(100), word(20)], [word(9)])).rejects.toThrow(why);
  });

  test("refuses one word too many", async () => {
    const why = "there are more secret words than a scan can search for";
    await expect(compileWith(Array(33).fill("xyz"), [])).rejects.toThrow(why);
  });
});
