import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";

const run = promisify(execFile);
const cnitap = join(ROOT, "bin", "cnitap");

test("--version prints the package's version without Node.js on PATH", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const { stdout, stderr } = await run(cnitap, ["--version"], { env: {}, cwd: "/" });
  expect(stdout).toBe(`${version}\n`);
  expect(stderr).toBe("");
});

test("--help shows the usage and an example", async () => {
  const { stdout } = await run(cnitap, ["--help"]);
  expect(stdout).toContain("Usage: cnitap");
  expect(stdout).toContain("$ tail -F /tmp/cni.log");
});

test("wrong usage ends in exit code 2 and a message on stderr", async () => {
  await expect(run(cnitap, ["--no-such-flag"])).rejects.toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining("--no-such-flag"),
  });
});
