import { beforeAll, describe, expect, test } from "vitest";
import { amounts, answers, type Behaviour, ends, readers } from "./support/behaviours.ts";
import { expectSameAnswer } from "./support/compare.ts";
import { buildPrograms } from "./support/programs.ts";
import { forms } from "./support/wrapped.ts";

/* Stdout, stderr, exit status and the processes left behind are those of the bare plugin, whatever it does. */

beforeAll(buildPrograms);

const suites: Readonly<Record<string, Readonly<Record<string, Behaviour>>>> = {
  answers,
  readers,
  amounts,
  ends,
};

for (const form of forms) {
  for (const behaviours of Object.values(suites)) {
    // The end by each signal is shown in a list; by the name it is the same code, and some will do.
    const shown = Object.entries(behaviours).filter(
      ([what]) => form === "in a list" || !/^dies of signal (?!(1|9|11|15|34|64)$)/.test(what),
    );
    describe.concurrent(`a plugin wrapped ${form} answers as the bare one`, () => {
      test.each(shown)("that %s", async (_what, call) => {
        const { lines } = await expectSameAnswer(form, call);
        expect(lines).toHaveLength(2);
      });
    });
  }

  describe.concurrent(
    `a plugin wrapped ${form} answers as the bare one, logged in the classic format`,
    () => {
      test.each(Object.entries(answers))("that %s", async (_what, call) => {
        const { lines } = await expectSameAnswer(form, call, { logFormat: "classic" });
        expect(lines).toHaveLength(2);
      });
    },
  );
}
