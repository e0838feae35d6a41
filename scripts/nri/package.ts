/** Run by `npm pack`: makes dist/, the JavaScript and types of `cni-tap/nri`. */
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cache-dir.ts";

const dist = join(ROOT, "dist");

rmSync(dist, { recursive: true, force: true });
const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
const run = spawnSync(process.execPath, [tsc, "-p", "tsconfig.dist.json"], {
  cwd: ROOT,
  stdio: ["ignore", 2, 2],
});
if (run.status !== 0) throw new Error("Cannot make dist: tsc's words are above");
cpSync(join(ROOT, "src/nri/gen"), join(dist, "nri/gen"), { recursive: true });

// tsc does not change the file extensions of imports in declarations.
for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  if (!name.endsWith(".d.ts")) continue;
  const text = readFileSync(join(dist, name), "utf8");
  writeFileSync(join(dist, name), text.replace(/(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"'));
}
