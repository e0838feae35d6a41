import { copyFileSync, linkSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Scratch } from "../support/scratch.ts";
import { buildPrograms, illPath, wrapPath } from "./support/programs.ts";
import { runPlugin } from "./support/run-plugin.ts";
import { bareCall, libcniText, logSettings, type Settings, withScratch } from "./support/wrapped.ts";

/*
 * Which file is the plugin, and what it gets as CNI_PATH. In each test `a`, `b` and `c` are folders of a scratch directory,
 * `a` and `b` with a plugin `ill`; `a/cni_wrap` is the wrapper, and `a/cni-tap/ill`, `x/cni-tap/ill` and `named/ill` are
 * links to it; so is `linked/cni_wrap`, beside another plugin.
 */

beforeAll(buildPrograms);

interface Seen {
  readonly argv: readonly string[];
  readonly path: string | undefined;
}

function layOut({ path }: Scratch): void {
  for (const name of ["a", "b", "c", "a/cni-tap", "x", "x/cni-tap", "named", "hard", "linked"])
    mkdirSync(path(name), { recursive: true });
  for (const name of ["a", "b"]) copyFileSync(illPath, path(join(name, "ill")));
  copyFileSync(wrapPath(), path("a/cni_wrap"));
  for (const name of ["a/cni-tap/ill", "x/cni-tap/ill", "named/ill"])
    symlinkSync(path("a/cni_wrap"), path(name));
  linkSync(path("a/cni_wrap"), path("hard/ill"));
  copyFileSync(illPath, path("linked/ill"));
  symlinkSync(path("a/cni_wrap"), path("linked/cni_wrap"));
  symlinkSync("a", path("to-a"));
}

/** Starts `program` and tells what the plugin saw, with @ for the scratch directory. */
async function see(program: string, cniPath: string | undefined, settings: Settings = {}): Promise<Seen> {
  return withScratch(async (scratch) => {
    layOut(scratch);
    const at = (text: string) => text.replaceAll("@", scratch.folder);
    const cniTap = { type: "ill", ...logSettings(scratch), ...settings };
    const call = bareCall({
      ill: "dump",
      env: { CNI_PATH: cniPath === undefined ? undefined : at(cniPath) },
    });
    const listed = program.endsWith("cni_wrap");
    const config = { cniVersion: "1.0.0", name: "n" };
    const { writeFileSync } = await import("node:fs");
    if (!listed) writeFileSync(join(dirname(at(program)), "cni-tap.json"), JSON.stringify(cniTap));
    const run = await runPlugin({
      ...call,
      program: at(program),
      stdin: libcniText(listed ? { ...config, type: "cni_wrap", cniTap } : { ...config, type: "ill" }),
      options: { cwd: scratch.folder },
    });
    expect(run).toMatchObject({ exit: 0, signal: null });
    const dump = JSON.parse(run.stdout.toString()) as { argv: string[]; environment: string[] };
    const back = (text: string) => text.replaceAll(scratch.folder, "@");
    const variable = dump.environment.find((one) => one.startsWith("CNI_PATH="));
    expect(dump.environment.filter((one) => one.startsWith("CNI_PATH=")).length).toBe(variable ? 1 : 0);
    return { argv: dump.argv.map(back), path: variable && back(variable.slice("CNI_PATH=".length)) };
  });
}

const list = "@/a/cni_wrap";
const named = "@/a/cni-tap/ill";

/** [program, CNI_PATH, the plugin's argv[0], its CNI_PATH] */
const cases: Readonly<Record<string, readonly [string, string | undefined, string, string | undefined]>> = {
  "one folder": [list, "@/a", "@/a/ill", "@/a"],
  "the first of two folders": [list, "@/b:@/a", "@/b/ill", "@/b:@/a"],
  "a folder without the plugin first": [list, "@/c:@/b", "@/b/ill", "@/c:@/b"],
  "a folder that is missing first": [list, "@/no:@/b", "@/b/ill", "@/no:@/b"],
  "a folder twice": [list, "@/b:@/b", "@/b/ill", "@/b:@/b"],
  "a slash at its end": [list, "@/b/", "@/b/ill", "@/b/"],
  "two slashes": [list, "@//b//", "@/b/ill", "@//b//"],
  "a point": [list, "@/./b/.", "@/b/ill", "@/./b/."],
  "two points": [list, "@/c/../b", "@/b/ill", "@/c/../b"],
  "a relative folder": [list, "b", "b/ill", "b"],
  "a relative folder with points": [list, "./c/../b/", "b/ill", "./c/../b/"],
  "a link to a folder": [list, "@/to-a", "@/to-a/ill", "@/to-a"],
  "empty entries around": [list, ":@/b:", "@/b/ill", ":@/b:"],
  "2,000 folders that are missing first": [
    list,
    `${"/no/such/folder:".repeat(2_000)}@/b`,
    "@/b/ill",
    `${"/no/such/folder:".repeat(2_000)}@/b`,
  ],
  "a path of 10,000 bytes first": [
    list,
    `/${"x".repeat(10_000)}:@/b`,
    "@/b/ill",
    `/${"x".repeat(10_000)}:@/b`,
  ],
  "spaces and letters": [list, '@/ä b"c:@/b', "@/b/ill", '@/ä b"c:@/b'],
  "an empty entry between": [list, "@/c::@/b", "@/b/ill", "@/c::@/b"],

  "the folder of links first": [named, "@/a/cni-tap:@/a", "@/a/ill", "@/a"],
  "the folder of links last": [named, "@/b:@/a/cni-tap", "@/b/ill", "@/b"],
  "the folder of links twice": [named, "@/a/cni-tap:@/b:@/a/cni-tap", "@/b/ill", "@/b"],
  "two folders of links": [named, "@/a/cni-tap:@/x/cni-tap:@/b", "@/b/ill", "@/b"],
  "the folder of links with a slash": [named, "@/a/cni-tap/:@/b", "@/b/ill", "@/b"],
  "the folder of links, relative": [named, "a/cni-tap:@/b", "@/b/ill", "@/b"],
  "a folder cni-tap that is missing": [named, "/no/cni-tap:@/b", "@/b/ill", "@/b"],
  "no folder of links": [named, "@/b", "@/b/ill", "@/b"],
  "a folder of another name where a link leads here": [named, "@/named:@/b", "@/b/ill", "@/b"],
  "a folder where cni_wrap has the plugin's name": [named, "@/hard:@/b", "@/b/ill", "@/b"],
  "the folder of links, in a list": [list, "@/a/cni-tap:@/b", "@/b/ill", "@/b"],
  "a folder where a link leads here, in a list": [list, "@/named:@/b", "@/b/ill", "@/b"],

  "only the folder of links": [named, "@/a/cni-tap", "@/a/ill", "@/a"],
  "dummy, by name": [named, "dummy", "@/a/ill", "dummy:@/a"],
  "dummy, in a list": [list, "dummy", "@/a/ill", "dummy:@/a"],
  "no CNI_PATH, by name": [named, undefined, "@/a/ill", undefined],
  "no CNI_PATH, in a list": [list, undefined, "@/a/ill", undefined],
  "dummy, in a list, for a link of cni_wrap's own name": [
    "@/linked/cni_wrap",
    "dummy",
    "@/linked/ill",
    "dummy:@/linked",
  ],
  "no plugin above the link": ["@/x/cni-tap/ill", "dummy", "@/a/ill", "dummy:@/a"],
  "no CNI_PATH and no plugin above the link": ["@/x/cni-tap/ill", undefined, "@/a/ill", undefined],
};

/** The same with `delegates`. */
const delegating: typeof cases = {
  "one folder": [list, "@/a", "@/a/ill", "@/a/cni-tap:@/a"],
  "the first of two folders": [list, "@/b:@/a", "@/b/ill", "@/b/cni-tap:@/b:@/a"],
  "no folder of links": [named, "@/a", "@/a/ill", "@/a/cni-tap:@/a"],
  "the folder of links first": [named, "@/a/cni-tap:@/a", "@/a/ill", "@/a/cni-tap:@/a"],
  "another folder of links first": [named, "@/x/cni-tap:@/a", "@/a/ill", "@/a/cni-tap:@/a"],
};

describe.concurrent("CNI_PATH", () => {
  test.each(Object.entries(cases))("%s", async (_what, [program, cniPath, argv0, path]) => {
    expect(await see(program, cniPath)).toEqual({ argv: [argv0], path });
  });

  test.each(Object.entries(delegating))(
    "%s, with delegates",
    async (_what, [program, cniPath, argv0, path]) => {
      expect(await see(program, cniPath, { delegates: true })).toEqual({ argv: [argv0], path });
    },
  );

  test.each([false, null, 1, "true"])("has no folder of links with delegates of %j", async (delegates) => {
    expect(await see(named, "@/a/cni-tap:@/a", { delegates })).toEqual({ argv: ["@/a/ill"], path: "@/a" });
  });

  test("that is empty counts as none", async () => {
    expect(await see(named, "")).toMatchObject({ argv: ["@/a/ill"] });
  });
});

describe.concurrent("delegates", () => {
  test("are called through the folder of links, and both are logged", async () => {
    await withScratch(async (scratch) => {
      layOut(scratch);
      const { writeFileSync } = await import("node:fs");
      writeFileSync(scratch.path("a/ipam"), '#!/bin/sh\necho "$0 $CNI_PATH"; cat\n', { mode: 0o755 });
      // What a plugin does for its IPAM: it looks it up in CNI_PATH.
      const main = '#!/bin/sh\nPATH="$CNI_PATH:/usr/bin:/bin"\nexec ipam\n';
      writeFileSync(scratch.path("a/main"), main, { mode: 0o755 });
      symlinkSync(scratch.path("a/cni_wrap"), scratch.path("a/cni-tap/ipam"));
      const settings = logSettings(scratch);
      writeFileSync(scratch.path("a/cni-tap/cni-tap.json"), JSON.stringify(settings));
      const call = bareCall({ type: "main", folder: scratch.path("a") });
      const cniTap = { type: "main", delegates: true, ...settings };
      const stdin = libcniText({ cniVersion: "1.0.0", name: "n", type: "cni_wrap", cniTap });
      const run = await runPlugin({ ...call, program: scratch.path("a/cni_wrap"), stdin });
      expect(run.exit).toBe(0);
      expect(run.stdout.toString()).toBe(
        `${scratch.path("a/ipam")} ${scratch.path("a")}\n{"cniVersion":"1.0.0","name":"n","type":"main"}`,
      );
      const plugins = scratch.lines().map((line) => (JSON.parse(line) as { plugin: string }).plugin);
      expect(plugins).toEqual(["main", "ipam", "ipam", "main"]);
    });
  });
});
