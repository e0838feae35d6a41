import { packageVersion } from "../build/tap.ts";
import type { Answer, Call } from "./call.ts";
import { type Driver, ROLES } from "./driver.ts";
import { judge } from "./judge.ts";
import { mutate, readSeeds } from "./mutate.ts";
import { type Prediction, predict } from "./predict.ts";
import { randomOf } from "./random.ts";

/** A call with a wrong answer. */
export interface Failure {
  readonly faults: readonly string[];
  readonly call: Call;
  readonly answer: Answer;
  readonly prediction: Prediction;
}

/** Makes calls as one batch and judges each. */
export async function tryCalls(driver: Driver, calls: readonly Call[]): Promise<Failure[]> {
  Object.assign(globalThis, { BUILD: packageVersion() }); // the build sets it in a tap's script
  const failures = await Promise.all(
    ROLES.map(async (role) => {
      const chosen = calls
        .filter((call) => call.role === role)
        .map((call) => ({ call, prediction: predict(call) }));
      const answers = await driver.answer(
        role,
        chosen.map(({ call }) => call),
        chosen.map(({ prediction }) => prediction.line?.target.logFile ?? ""),
      );
      return chosen.flatMap(({ call, prediction }, index) => {
        const answer = answers[index];
        const faults = answer ? judge(call, prediction, answer) : [];
        return answer && faults.length > 0 ? [{ faults, call, answer, prediction }] : [];
      });
    }),
  );
  return failures.flat();
}

/** The calls `from` up to, not including, `to` of a run. The same seed gives the same calls. */
export function makeCalls(seed: number, from: number, to: number): Call[] {
  const seeds = readSeeds();
  return Array.from({ length: to - from }, (_, index) => mutate(randomOf(seed, from + index), seeds));
}
