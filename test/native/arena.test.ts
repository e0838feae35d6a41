import { join } from "node:path";
import { expect, test } from "vitest";
import { link, runTool } from "../../scripts/build/compile.ts";
import { NATIVE_FLAGS, nativeIncludes } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";

test("no block of the arena overlaps another, whatever is taken, resized and given back", async () => {
  const sources = [join(ROOT, "src/native/core/arena.c"), join(ROOT, "test/native/arena-driver.c")];
  const compiler = { command: "gcc", flags: NATIVE_FLAGS, includes: nativeIncludes() };
  const driver = await link(compiler, sources, join(ROOT, "build", "arena-driver"));
  expect(await runTool(driver, [])).toBe("ok\n");
});
