import { expect } from "vitest";
import { answerOf as answer, type answerOf, runPlugin } from "./run-plugin.ts";
import { type BareCall, bareCall, type Form, type Settings, withScratch, wrappedCall } from "./wrapped.ts";

type Answer = ReturnType<typeof answerOf>;

const known = new Map<string, Promise<Answer>>();

/** The answer of the bare plugin; asked once for all that compare with it. */
export function bareAnswer(call: BareCall): Promise<Answer> {
  const bare = bareCall(call);
  const key = JSON.stringify(bare);
  const found = known.get(key) ?? runPlugin(bare).then(answer);
  known.set(key, found);
  return found;
}

export interface Compared {
  readonly lines: readonly string[];
}

/** Expects the wrapped plugin to answer as the bare one. Returns the lines that were logged. */
export async function expectSameAnswer(
  form: Form,
  call: BareCall,
  settings: Settings = {},
): Promise<Compared> {
  return withScratch(async (scratch) => {
    const [bare, run] = await Promise.all([
      bareAnswer(call),
      runPlugin(wrappedCall(form, scratch, call, settings)),
    ]);
    expect(answer(run)).toEqual(bare);
    return { lines: scratch.lines() };
  });
}
