import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runTool } from "../../scripts/build/compile.ts";
import { policyHeader } from "../../scripts/build/policy-header.ts";
import { CORE, NATIVE_FLAGS } from "../../scripts/build/tap.ts";
import { useScratch } from "../support/scratch.ts";

/** Compiles secret-key.c with a policy.h made from these words. */
async function compileWith(words: readonly string[], endings: readonly string[]): Promise<string> {
  const scratch = useScratch();
  writeFileSync(scratch.path("policy.h"), policyHeader(words, endings));
  const includes = [`-I${CORE}`, `-I${scratch.folder}`];
  return await runTool("gcc", [...NATIVE_FLAGS, ...includes, "-fsyntax-only", join(CORE, "secret-key.c")]);
}

describe("policyHeader", () => {
  test.each(["Password", "pass_word", "api-key", "token1", "clé", "", "x", " token", 'to"ken'])(
    "refuses a secret word that is not of a-z: %j",
    (word) => {
      const why = `Cannot make policy.h: the word ${JSON.stringify(word)} is not two or more of a-z`;
      expect(() => policyHeader(["token", word])).toThrow(why);
      expect(() => policyHeader(["token"], [word])).toThrow(why);
    },
  );
});

describe("the compiler", () => {
  test("accepts any number of words, up to the length of a key", async () => {
    const many = Array.from({ length: 200 }, (_, index) => "x".repeat(index + 2));
    await expect(compileWith([...many, "x".repeat(512)], ["name"])).resolves.toBe("");
    expect(() => policyHeader(["x".repeat(513)])).toThrow("a word has more than 512 letters");
  });
});
