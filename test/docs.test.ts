import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../scripts/cache-dir.ts";
import { missingLinesNote } from "../src/log/notes.ts";
import { POD_EVENTS } from "../src/log/pod-line.ts";
import { HARMLESS_ENDINGS, SECRET_WORDS } from "../src/log/redact.ts";
import { FAULTS, SCAN_ERRORS } from "../src/native/host.ts";
import { STANZA_KEYS } from "../src/tap/stanza-settings.ts";

const README_LINES_MOST = 150;

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

/** What GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

test("the README is a page, not a manual", () => {
  expect(read("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(README_LINES_MOST);
});

test("the README links to every page of docs/", () => {
  for (const name of docs) expect(read("README.md")).toContain(`](${name})`);
});

test.each(pages)("%s links to files that are there, and to headings that they have", (name) => {
  for (const [, path = "", anchor] of read(name).matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]*))?\)/g)) {
    const target = path === "" ? name : join(dirname(name), path);
    expect(existsSync(join(ROOT, target)), target).toBe(true);
    if (anchor !== undefined) expect(headings(read(target)).map(anchorOf), target).toContain(anchor);
  }
});

test("every promise names tests that are there", () => {
  const items = section("docs/promises.md", "Promised").split("\n* ").slice(1);
  expect(items.length).toBeGreaterThan(7);
  for (const item of items) {
    const [, list = ""] = item.split("Tests:");
    let folder = "";
    const named = [...list.matchAll(/`(?:([a-z0-9]+)\/)?([a-z][a-z-]+)`/g)];
    for (const [, room, name] of named) {
      folder = room ?? folder;
      expect(existsSync(join(ROOT, "test", folder, `${name}.test.ts`)), `test/${folder}/${name}`).toBe(true);
    }
    if (!item.includes("BENCHMARKS.md")) expect(named.length, item).toBeGreaterThan(0);
  }
});

describe("docs/log.md", () => {
  test.each(FAULTS)("%s: its complaint is there: %s", (_name, message) => {
    const shown = message
      .replace("{lock}", "lockFile")
      .replace("{log}", "logFile")
      .replace("{ms}", "N")
      .replace("{}", "…");
    expect(section("docs/log.md", "Complaints")).toContain(`\`${shown}\``);
  });

  test("why stdin is no request", () => {
    const words = section("docs/log.md", "Notes").replace(/\s+/g, " ");
    for (const [, reason] of SCAN_ERRORS.slice(1)) expect(words).toContain(reason);
  });

  test("the observer's note where lines are missing", () => {
    expect(section("docs/log.md", "Notes")).toContain(`\`${missingLinesNote(0).replace("0", "N")}\``);
  });

  test.each(POD_EVENTS)("the pod event %s", (event) => {
    expect(section("docs/log.md", "Formats")).toContain(`\`${event}\``);
    expect(section("docs/log.md", "What the lines of a pod mean")).toContain(`\n| ${event}`);
  });

  test.each(STANZA_KEYS)("the setting %s", (key) => {
    expect(section("docs/log.md", "Settings")).toContain(`\n| \`${key}\` |`);
  });

  test("the words that make a key secret, and those that do not", () => {
    const words = section("docs/log.md", "Redaction").split(/[^a-z]+/);
    for (const word of [...SECRET_WORDS, ...HARMLESS_ENDINGS]) expect(words).toContain(word);
  });
});

test("docs/install.md has every check of doctor, and no other", () => {
  const folder = join(ROOT, "src/cli/doctor/checks");
  const ids = readdirSync(folder).map(
    (name) => /^ {2}id: "([^"]+)",$/m.exec(readFileSync(join(folder, name), "utf8"))?.[1] ?? name,
  );
  const rows = section("docs/install.md", "Doctor").matchAll(/^\| `([a-z-]+)` \|/gm);
  expect([...rows].map((match) => match[1]).sort()).toEqual(ids.sort());
});

test("every path that CONTRIBUTING.md names is there", () => {
  const paths = [...read("CONTRIBUTING.md").matchAll(/`((?:src|test|scripts|docs|deploy)\/[\w./-]+)`/g)];
  expect(paths.length).toBeGreaterThan(50);
  for (const [, path = ""] of paths) expect(existsSync(join(ROOT, path)), path).toBe(true);
});
