import { expect } from "vitest";
import type { Role, TapRun } from "./run-tap.ts";

/** stderr holds one line, from the tap by its name, with every one of the words. */
export function expectComplaint(run: TapRun, role: Role, ...words: readonly (string | RegExp)[]): void {
  expect(run.stderr).toMatch(new RegExp(`^cni_${role}: [^\\n]+\\n$`));
  for (const word of words) expect(run.stderr).toMatch(word);
}
