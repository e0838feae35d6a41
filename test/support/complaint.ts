import { expect } from "vitest";
import type { Role, TapRun } from "./run-tap.ts";

/** Expects one line on stderr that begins with the tap's name and has all of the words. */
export function expectComplaint(run: TapRun, role: Role, ...words: readonly (string | RegExp)[]): void {
  expect(run.stderr).toMatch(new RegExp(`^cni_${role}: [^\\n]+\\n$`));
  for (const word of words) expect(run.stderr).toMatch(word);
}
