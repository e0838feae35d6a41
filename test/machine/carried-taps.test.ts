import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { packageVersion } from "../../scripts/build/tap.ts";
import { loadTaps, versionOf } from "../../src/machine/carried-taps.ts";
import { tapPath } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";

test("loadTaps returns the built taps, which have the package's version", () => {
  const taps = loadTaps();
  expect(readFileSync(tapPath("pre")).equals(taps.cni_pre)).toBe(true);
  expect(readFileSync(tapPath("post")).equals(taps.cni_post)).toBe(true);
  for (const tap of Object.values(taps)) expect(versionOf(tap)).toBe(packageVersion());
  expect(versionOf(Buffer.from("#!/bin/sh"))).toBeNull();
  expect(() => loadTaps(useScratch().folder)).toThrow("Cannot take the taps from");
});
