import { expect, test } from "vitest";
import { suspectTables } from "../../scripts/build/suspects.ts";
import { OWN_WORDS, SECRET_WORDS } from "../../src/log/secret-keys.ts";

test("a secret word of which no three letters are looked for stops the build", () => {
  expect(suspectTables([...SECRET_WORDS, ...OWN_WORDS])).toMatch(/^\{\{[\d, ]+\}, /);
  expect(() => suspectTables(["token", "pin"])).toThrow(
    'Cannot make policy.h: none of the sets has three letters of "pin"',
  );
});
