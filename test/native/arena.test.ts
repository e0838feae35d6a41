import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { link, runTool } from "../../scripts/build/compile.ts";
import { NATIVE_FLAGS, nativeIncludes } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";

let driver = "";

beforeAll(async () => {
  const sources = [join(ROOT, "src/native/core/arena.c"), join(ROOT, "test/native/arena-driver.c")];
  const compiler = { command: "gcc", flags: NATIVE_FLAGS, includes: nativeIncludes() };
  driver = await link(compiler, sources, join(ROOT, "build", "arena-driver"));
});

test("no block of the arena overlaps another, in any order of allocating, resizing and freeing", async () => {
  expect(await runTool(driver, [])).toBe("ok\n");
});

test("the arena has 16 MB, and memory that was freed can be allocated again", async () => {
  const bytes = Number(await runTool(driver, ["all"]));
  expect(bytes).toBeGreaterThan(15 * 1024 * 1024);
  expect(bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
});
