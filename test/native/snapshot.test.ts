import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { roles, runTap, tapPath } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";

const FAULTY = join(ROOT, "test/native/faulty");

describe.each(roles)("cni_%s", (role) => {
  const entry = join(ROOT, `src/tap/cni-${role}.ts`);

  test("is the same, byte for byte, whenever and wherever it is built", async () => {
    const scratch = useScratch();
    const out = [scratch.path("one"), scratch.path("another/place")];
    for (const path of out) await buildTap({ entry, out: path, name: `cni_${role}` });
    const [one, other] = out.map((path) => readFileSync(path));
    expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
  });

  test("holds nothing of the machine that it was built on", () => {
    const text = readFileSync(tapPath(role)).toString("latin1");
    expect(text.includes(ROOT)).toBe(false);
  });

  test("takes --write-snapshot for nothing: it has its snapshot", async () => {
    const shell = 'exec_tap() { exec "$1" --write-snapshot; }; exec_tap "$1"';
    const run = await runTap({
      role,
      env: { CNI_COMMAND: "DEL" },
      stdin: '{"logFile":"/dev/null","lockFile":"/dev/null"}',
      via: ["/bin/sh", "-c", shell, "sh"],
    });
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout.toString()).toBe("");
  });
});

describe("an executable is not built", () => {
  test.each([
    ["throws", "the script does not answer"],
    ["throws-early", "the script does not answer"],
    ["returns", "the script does not answer"],
    ["exhausts-memory", "the script does not answer"],
  ])("whose script %s", async (script, why) => {
    const out = useScratch().path("tap");
    const build = buildTap({ entry: join(FAULTY, `${script}.ts`), out, name: "cni_post" });
    await expect(build).rejects.toThrow(why);
  });
});
