import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import sea from "@yao-pkg/pkg/lib-es5/sea.js";
import { build } from "esbuild";
import { UNIT } from "../../src/machine/carried-taps.ts";
import { ROOT } from "../cache-dir.ts";
import { packageVersion } from "./tap.ts";

const require = createRequire(import.meta.url);

/**
 * By default, V8's space for young objects grows to 48 MB and does not shrink, which is much for a plugin that runs all
 * day, and for an audit in 300 MB.
 */
const NODE_FLAGS = ["--max-semi-space-size=2"];

/** Paths of the executables that are built into cnitap, by asset name. */
export type CarriedTaps = Readonly<Record<"cni_pre" | "cni_post" | "cni_wrap" | "cnitap-observe", string>>;

/** Bundles a source of src/ with all its imports into one script. */
async function bundle(source: string, define: Readonly<Record<string, string>>): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "src", source)],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node24",
    define: { ...define, "import.meta.dirname": '""', "import.meta.url": '""' },
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

/** Builds cnitap: one script and the taps in a copy of the Node that runs this. Downloads nothing. */
export async function buildCnitap(out: string, taps: CarriedTaps): Promise<"built" | "unchanged"> {
  const assets = { ...taps, [UNIT]: join(ROOT, "deploy", UNIT) };
  const folder = join(ROOT, "build");
  mkdirSync(folder, { recursive: true });
  const script = await bundle("cli/cnitap.ts", { BUILD: JSON.stringify(packageVersion()) });
  const pkgVersion: unknown = require("@yao-pkg/pkg/package.json").version;
  const made = createHash("sha256")
    .update(JSON.stringify([process.version, NODE_FLAGS, pkgVersion, script]))
    .update(Buffer.concat(Object.values(assets).map((asset) => readFileSync(asset))))
    .digest("hex");
  const stamp = join(folder, "cnitap.stamp");
  if (existsSync(out) && existsSync(stamp) && readFileSync(stamp, "utf8") === made) return "unchanged";

  const entry = join(folder, "cnitap.cjs");
  const fresh = join(folder, "cnitap.fresh");
  writeFileSync(entry, script);
  const seaConfig = {
    ...{ disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: false },
    ...{ execArgv: NODE_FLAGS, assets },
  };
  await sea.default(entry, {
    useLocalNode: true,
    seaConfig,
    targets: [{ nodeRange: "node24", platform: "linux", arch: process.arch, output: fresh }],
  });
  chmodSync(fresh, 0o755);
  rmSync(out, { force: true });
  renameSync(fresh, out);
  writeFileSync(stamp, made);
  return "built";
}
