import { describe, expect, test } from "vitest";
import { Driver, whyNoDriver } from "../../scripts/fuzz/driver.ts";
import { makeCalls, tryCalls } from "../../scripts/fuzz/run.ts";
import { howOften } from "../support/soak.ts";

/*
 * Captured calls with changes. Their outcomes are compared with the same script on the host's twin and with what is
 * promised for every call. The calls are the same in each run; `npm run fuzz` makes others, for as long as you like.
 */

const SEED = 20_261_121;
const BATCH = 2000;
const MANY = howOften(38_000, 998_000);
const THROUGH_EXEC = howOften(2_000, 50_000);

const why = whyNoDriver();
if (why !== "") console.warn(`skipped: mutated calls need a root of their own: ${why}`);

async function expectNoFailures(driver: Driver, from: number, to: number): Promise<void> {
  try {
    for (let first = from; first < to; first += BATCH) {
      const failures = await tryCalls(driver, makeCalls(SEED, first, Math.min(to, first + BATCH)));
      expect(failures.slice(0, 3)).toEqual([]);
    }
    expect(driver.strays()).toEqual([]);
  } finally {
    driver.remove();
  }
}

describe.skipIf(why !== "")("no mutated call fails", () => {
  test(
    `in ${MANY} calls of the host, the script and the log in a forked process`,
    { timeout: 3_600_000 },
    async () => {
      await expectNoFailures(await Driver.build("test"), 0, MANY);
    },
  );

  test(`in ${THROUGH_EXEC} calls of the executables`, { timeout: 1_200_000 }, async () => {
    await expectNoFailures(await Driver.build("test-real", { real: true }), MANY, MANY + THROUGH_EXEC);
  });
});
