import { setTimeout as delay } from "node:timers/promises";
import { flockHolder } from "../../../machine/flock-holder.ts";
import { type Check, error, type Finding } from "../check.ts";

/** In all 500 ms: longer than a tap holds the lock or waits for it (lockTimeoutMs is 200 by default). */
const ATTEMPTS = 10;
const PAUSE_MS = 50;

export const lockHeld: Check = {
  id: "lock-held",
  title: "nobody holds the taps' lock",
  async run({ lockFiles, survey }) {
    const findings: Finding[] = [];
    for (const path of lockFiles) {
      const first = flockHolder(survey.root.at(path));
      let last = first;
      for (let attempt = 0; attempt < ATTEMPTS && last !== null && last === first; attempt++) {
        await delay(PAUSE_MS);
        last = flockHolder(survey.root.at(path));
      }
      if (first === null || last !== first) continue;
      findings.push(
        error(
          `${path} is held by ${first}, for ${(ATTEMPTS * PAUSE_MS) / 1000} s at least: each call of a tap waits for it`,
          "End that process, or specify another lock with --lock-file.",
        ),
      );
    }
    return findings;
  },
};
