import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { packageVersion } from "../../scripts/build/tap.ts";
import { loadTaps, versionOf } from "../../src/machine/carried-taps.ts";
import { tapPath } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";

test("loadTaps gives the built executables, which have the package's version", () => {
  const taps = loadTaps();
  expect(readFileSync(tapPath("pre")).equals(taps("cni_pre"))).toBe(true);
  expect(readFileSync(tapPath("post")).equals(taps("cni_post"))).toBe(true);
  for (const type of ["cni_pre", "cni_post", "cni_wrap"] as const)
    expect(versionOf(taps(type))).toBe(packageVersion());
  expect(versionOf(Buffer.from("#!/bin/sh"))).toBeNull();
});

test("loadTaps of a directory reports an executable that is missing only when it is asked for", () => {
  const { folder, path } = useScratch();
  writeFileSync(path("cni_post"), "post");
  const taps = loadTaps(folder);
  expect(Buffer.from(taps("cni_post")).toString()).toBe("post");
  expect(() => taps("cni_wrap")).toThrow(`Cannot take cni_wrap from ${folder}: it is not there`);
});
