import type { Host } from "../../../src/native/host.ts";

/* Part of scripts that fail on purpose: at the step TAP_TEST_STEP as TAP_TEST_FAULT says, a word or a signal's number. */

/** A host of an executable that is built with -DTAP_TEST_FAULTS. */
export type FailingHost = Pick<Host, "env"> & { raise(signal: number): void };

function descend(depth: number): number {
  return descend(depth + 1) + 1;
}

/** Fails if this is the step. */
export function failAt(step: string, host: FailingHost): void {
  if (step !== host.env("TAP_TEST_STEP")) return;
  const fault = host.env("TAP_TEST_FAULT");
  switch (fault) {
    case "throw":
      throw new Error("a step that throws");
    case "loop":
      for (;;);
    case "builtin": // QuickJS does not call its interrupt handler in a builtin
      Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
      return;
    case "memory": {
      const kept: string[] = [];
      for (let text = "x"; ; text += text) kept.push(text);
    }
    case "stack":
      descend(0);
      return;
    default:
      host.raise(Number(fault));
  }
}
