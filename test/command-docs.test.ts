import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../scripts/cache-dir.ts";
import { processIo } from "../src/cli/io.ts";
import { createProgram } from "../src/cli/program.ts";
import { readCommandLine } from "../src/observe/command-line.ts";
import { PLUGINS } from "../src/plugins/registry.ts";
import { COMMON_FLAGS, LOG_FILE_FLAG } from "../src/plugins/sample-plugin.ts";

const read = (name: string) => readFileSync(join(ROOT, name), "utf8");
const docs = readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`);
const pages = ["README.md", ...docs, "CONTRIBUTING.md", "CHANGELOG.md"];
const program = createProgram("0", processIo());

/** The long options of a command: those that its help shows, and those that are accepted without a word. */
function optionsOf(name: string): { readonly shown: readonly string[]; readonly all: readonly string[] } {
  if (name === "observe") {
    const help = readCommandLine(["--help"], { program: "cnitap", command: "observe" });
    const shown = help.kind === "told" ? (help.text.match(/^ {2}(?:-\w, )?--[a-z-]+/gm) ?? []) : [];
    const long = shown.map((one) => one.replace(/.*(?=--)/, ""));
    return { shown: long, all: long };
  }
  const options = program.commands.find((command) => command.name() === name)?.options ?? [];
  const long = (some: typeof options) => some.flatMap((option) => option.long ?? []);
  return { shown: long(options.filter(({ hidden }) => !hidden)), all: [...long(options), "--help"] };
}

const PAGES: Readonly<Record<string, readonly string[]>> = {
  install: ["install"],
  uninstall: ["install"],
  status: ["install"],
  doctor: ["doctor", "install"],
  observe: ["observe", "install"],
  plugin: ["plugins", "install"],
  pods: ["read"],
  show: ["read"],
  audit: ["read", "doctor"],
  tail: ["read"],
  stats: ["read"],
};

test("every command has a page", () => {
  expect(Object.keys(PAGES)).toEqual(program.commands.map((command) => command.name()));
});

test.each(Object.keys(PAGES))("the pages of cnitap %s tell all options that its help shows", (name) => {
  const text = PAGES[name]?.map((page) => read(`docs/${page}.md`)).join("");
  const { shown } = optionsOf(name);
  expect(shown.length).toBeGreaterThan(0);
  expect(shown.filter((option) => !new RegExp(`${option}(?![a-z-])`).test(text ?? ""))).toEqual([]);
});

test.each(PLUGINS)("docs/plugins.md tells all flags of $name", async ({ name, load }) => {
  const [general = "", ...sections] = read("docs/plugins.md").split("\n## ").slice(1);
  const own = sections.find((one) => one.startsWith(`${name}\n`));
  // simple-logger has logger's
  const others = name === "simple-logger" ? sections.find((one) => one.startsWith("logger\n")) : "";
  const flags = [...(await load()).flags, ...COMMON_FLAGS, LOG_FILE_FLAG].map((flag) => flag.name);
  const text = `${general}${own}${others}`;
  expect(flags.filter((flag) => !new RegExp(`\`-${flag}(?![a-zA-Z-])`).test(text))).toEqual([]);
});

test.each(pages)("%s names no command and no option that does not exist", (page) => {
  const spans = read(page).match(/`cnitap [^`\n]*`|^ {4}(?:\$ )?cnitap .*/gm) ?? [];
  const wrong = spans.filter((span) => {
    const [, name = "", rest = ""] = /cnitap (\S+?)(?:[ `]([^|&;]*)|$)/.exec(span) ?? [];
    if (["--version", "COMMAND"].includes(name)) return false;
    const { all } = optionsOf(name);
    return all.length === 0 || (rest.match(/--[a-z-]+/g) ?? []).some((option) => !all.includes(option));
  });
  expect(wrong).toEqual([]);
});
