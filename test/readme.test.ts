import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../scripts/cache-dir.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");

test("every promise of the README names tests that are there", () => {
  const promises = readme.split("## What the taps promise")[1]?.split("\n## ")[0] ?? "";
  const items = promises.split("\n* ").slice(1);
  expect(items.length).toBeGreaterThan(7);
  for (const item of items) {
    let folder = "";
    const named = [...item.matchAll(/`(?:([a-z0-9]+)\/)?([a-z][a-z-]+)`/g)].filter((match) => {
      folder = match[1] ?? folder;
      return folder !== "";
    });
    folder = "";
    for (const [, room, name] of named) {
      folder = room ?? folder;
      expect(existsSync(join(ROOT, "test", folder, `${name}.test.ts`)), `test/${folder}/${name}`).toBe(true);
    }
    if (!item.includes("BENCHMARKS.md")) expect(named.length, item).toBeGreaterThan(0);
  }
});

test("every file the README links to is there", () => {
  for (const [, target] of readme.matchAll(/\]\((?!https:)([^)#]+)\)/g)) {
    expect(existsSync(join(ROOT, target ?? "")), target).toBe(true);
  }
});
