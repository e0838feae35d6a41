import { execFile } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../scripts/cache-dir.ts";
import { useScratch } from "./support/scratch.ts";

const run = promisify(execFile);

/** The oldest npm that a supported distribution has: Debian 13's. It does not link node into node_modules/.bin. */
const OLD_NPM = "9.2.0";

const MANIFEST: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** PATH without the Node.js that npm may have put first for this run. */
const systemPath = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((directory) => !directory.includes("node_modules"))
  .join(delimiter);

test(
  `npm ${OLD_NPM} and the distribution's Node.js can set up a checkout`,
  { timeout: 300_000 },
  async () => {
    const scratch = useScratch();
    const [checkout, bin] = [scratch.path("checkout"), scratch.path("bin")];
    await run("npm", ["pack", "--silent", "--pack-destination", scratch.folder, `npm@${OLD_NPM}`]);
    await run("tar", ["-xzf", scratch.path(`npm-${OLD_NPM}.tgz`), "-C", scratch.folder]);
    mkdirSync(bin);
    const npm = join(bin, "npm");
    writeFileSync(npm, `#!/bin/sh\nexec node ${scratch.path("package")}/bin/npm-cli.js "$@"\n`);
    chmodSync(npm, 0o755);
    const env = { ...process.env, PATH: `${bin}${delimiter}${systemPath}` };
    expect((await run("npm", ["--version"], { env })).stdout.trim()).toBe(OLD_NPM);

    for (const name of ["package.json", "package-lock.json", ".npmrc", "scripts", "src", "test"])
      cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
    const { stdout } = await run("npm", ["run", "--silent", "fuzz", "--", "--help"], { cwd: checkout, env });
    expect(stdout).toMatch(/^Usage: npm run fuzz --/);
    const version = await run("sh", ["scripts/node.sh", "-p", "process.version"], { cwd: checkout, env });
    expect(version.stdout.trim()).toBe(process.version);
  },
);

test("no script runs a program from node_modules/.bin", () => {
  expect(JSON.stringify(MANIFEST)).not.toMatch(/&& (?!sh )/);
  for (const name of readdirSync(join(ROOT, "scripts"), { recursive: true, encoding: "utf8" })) {
    if (!/\.(ts|sh)$/.test(name)) continue;
    expect(readFileSync(join(ROOT, "scripts", name), "utf8"), name).not.toMatch(/\.bin["/]/);
  }
  expect(existsSync(join(ROOT, "scripts/node.sh"))).toBe(true);
});
