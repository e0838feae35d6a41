import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../scripts/cache-dir.ts";

/** The rooms of src/ from the top down: each imports only from itself and from those above. */
const ROOMS = [
  "cni",
  "log",
  "native",
  "tap",
  "wrap",
  "story",
  "conflist",
  "node-state",
  "nri",
  "observe",
  "machine",
  "plugins",
  "cli",
];
/** Rooms that become native programs: they may import neither Node's modules nor packages. */
const BARE = ["cni", "log", "native", "tap", "wrap", "story", "conflist", "node-state", "observe"];
/** The one file of those that brings a package with it. */
const PACKED = "observe/yaml-parser.ts";
const SRC = join(ROOT, "src");

const sources = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);
const roomOf = (path: string) => path.split("/")[0] ?? "";

function importsOf(name: string): string[] {
  const text = readFileSync(join(SRC, name), "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/gm)].map(
    (m) => m[1] ?? m[2] ?? "",
  );
}

test("every directory of src is a room", () => {
  expect([...new Set(sources.map(roomOf))].sort()).toEqual([...ROOMS].sort());
});

test.each(sources)("%s imports only from its room and the rooms above", (name) => {
  for (const target of importsOf(name)) {
    if (!target.startsWith(".")) {
      if (name !== PACKED) expect(BARE, `${name} imports ${target}`).not.toContain(roomOf(name));
      continue;
    }
    const path = relative(SRC, resolve(SRC, dirname(name), target));
    expect(path.startsWith(".."), `${name} leaves src`).toBe(false);
    if (BARE.includes(roomOf(name)))
      expect(path, `${name} imports ${path}`).not.toMatch(/^nri\/(nodejs|gen)\//);
    expect(ROOMS.indexOf(roomOf(path)), `${name} imports ${path}`).toBeLessThanOrEqual(
      ROOMS.indexOf(roomOf(name)),
    );
  }
});

test("in nri, only nodejs/ and index.ts import Node's modules", () => {
  const bare = sources.filter((name) => name.startsWith("nri/") && !/^nri\/(nodejs\/|index\.ts$)/.test(name));
  expect(bare).not.toEqual([]);
  for (const name of bare) {
    const targets = importsOf(name).filter((target) => !/^(\.|@bufbuild\/protobuf(\/|$))/.test(target));
    expect(targets, name).toEqual([]);
    expect(
      importsOf(name).filter((target) => target.includes("/nodejs/")),
      name,
    ).toEqual([]);
  }
});
