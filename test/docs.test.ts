import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../scripts/cache-dir.ts";
import { missingLinesNote } from "../src/log/notes.ts";
import { POD_EVENTS } from "../src/log/pod-line.ts";
import { HARMLESS_ENDINGS, OWN_FOLLOWERS, OWN_WORDS, SECRET_WORDS } from "../src/log/secret-keys.ts";
import { FAULTS, SCAN_ERRORS } from "../src/native/host.ts";
import { NODE_CODES } from "../src/node-state/findings/codes.ts";
import { CODES } from "../src/story/findings/codes.ts";
import { STANZA_KEYS } from "../src/tap/stanza-settings.ts";

const MAX_README_LINES = 150;

const read = (name: string) => readFileSync(join(ROOT, name), "utf8");
const docs = readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`);
const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...docs,
  "bin/README.md",
  "conflist-examples/README.md",
  "test/conformance/README.md",
];
const headings = (text: string) => [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? "");

/** The part of a page below a heading of the second level. */
function section(name: string, heading: string): string {
  const part = read(name).split(`\n## ${heading}\n`)[1]?.split("\n## ")[0];
  if (part === undefined) throw new Error(`Cannot find "## ${heading}" in ${name}`);
  return part;
}

/** The anchor that GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

test(`the README has at most ${MAX_README_LINES} lines`, () => {
  expect(read("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(MAX_README_LINES);
});

test("the README links to every page of docs/", () => {
  for (const name of docs) expect(read("README.md")).toContain(`](${name})`);
});

test.each(pages)("%s links only to files and headings that exist", (name) => {
  for (const [, path = "", anchor] of read(name).matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]*))?\)/g)) {
    const target = path === "" ? name : join(dirname(name), path);
    expect(existsSync(join(ROOT, target)), target).toBe(true);
    if (anchor !== undefined) expect(headings(read(target)).map(anchorOf), target).toContain(anchor);
  }
});

test("every promise names test files that exist", () => {
  const items = section("docs/promises.md", "Promised").split("\n* ").slice(1);
  expect(items.length).toBeGreaterThan(7);
  for (const item of items) {
    const [, list = ""] = item.split("Tests:");
    let directory = "";
    const named = [...list.matchAll(/`(?:([a-z0-9]+)\/)?([a-z][a-z-]+)`/g)];
    for (const [, room, name] of named) {
      directory = room ?? directory;
      expect(existsSync(join(ROOT, "test", directory, `${name}.test.ts`)), `test/${directory}/${name}`).toBe(
        true,
      );
    }
    if (!item.includes("BENCHMARKS.md")) expect(named.length, item).toBeGreaterThan(0);
  }
});

describe("docs/log.md", () => {
  test.each(FAULTS)("lists the complaint of the fault %s: %s", (_name, message) => {
    const shown = message
      .replace("{lock}", "lockFile")
      .replace("{log}", "logFile")
      .replace("{ms}", "N")
      .replace("{}", "…");
    expect(section("docs/log.md", "Complaints")).toContain(`\`${shown}\``);
  });

  test("lists every reason why stdin is not a request", () => {
    const words = section("docs/log.md", "Notes").replace(/\s+/g, " ");
    for (const [, reason] of SCAN_ERRORS.slice(1)) expect(words).toContain(reason);
  });

  test("shows the observer's note about missing lines", () => {
    expect(section("docs/log.md", "Notes")).toContain(`\`${missingLinesNote(0).replace("0", "N")}\``);
  });

  test.each(POD_EVENTS)("explains the pod event %s", (event) => {
    expect(section("docs/log.md", "Formats")).toContain(`\`${event}\``);
    expect(section("docs/log.md", "What the lines of a pod mean")).toContain(`\n| ${event}`);
  });

  test.each(STANZA_KEYS)("lists the setting %s", (key) => {
    expect(section("docs/log.md", "Settings")).toContain(`\n| \`${key}\` |`);
  });

  test("lists the words that make a key secret, and the endings that do not", () => {
    const words = section("docs/log.md", "Redaction").split(/[^a-z]+/);
    for (const word of [...SECRET_WORDS, ...OWN_WORDS, ...OWN_FOLLOWERS, ...HARMLESS_ENDINGS])
      expect(words).toContain(word);
  });
});

test("docs/doctor.md lists the checks of doctor, and no others", () => {
  const directory = join(ROOT, "src/cli/doctor/checks");
  const ids = readdirSync(directory).map(
    (name) => /^ {2}id: "([^"]+)",$/m.exec(readFileSync(join(directory, name), "utf8"))?.[1] ?? name,
  );
  const rows = section("docs/doctor.md", "Before a pod fails").matchAll(/^\| `([a-z-]+)` \|/gm);
  expect([...rows].map((match) => match[1]).sort()).toEqual(ids.sort());
});

test("docs/doctor.md lists the findings of a node in their order, and no others", () => {
  const rows = section("docs/doctor.md", "What the node itself shows").matchAll(/^\| `([a-z-]+)` \|/gm);
  expect([...rows].map((match) => match[1])).toEqual(Object.keys(NODE_CODES));
});

test("docs/read.md lists the findings of audit in their order, and no others", () => {
  const rows = section("docs/read.md", "Audit").matchAll(/^\| `([a-z-]+)` \|/gm);
  expect([...rows].map((match) => match[1])).toEqual(Object.keys(CODES));
});

test("every path that CONTRIBUTING.md names exists", () => {
  const paths = [...read("CONTRIBUTING.md").matchAll(/`((?:src|test|scripts|docs|deploy)\/[\w./-]+)`/g)];
  expect(paths.length).toBeGreaterThan(50);
  for (const [, path = ""] of paths) expect(existsSync(join(ROOT, path)), path).toBe(true);
});
