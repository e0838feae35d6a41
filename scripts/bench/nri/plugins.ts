import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { runTool } from "../../build/compile.ts";
import { ROOT } from "../../cache-dir.ts";
import { buildGo, findTool, goVersion } from "../go.ts";

/** A plugin to measure. */
export interface Plugin {
  readonly name: string;
  /** The command that serves the runtime at `socket`, and writes a line per event to `log`. */
  readonly command: (socket: string, log: string) => readonly string[];
  /** Whether it writes that log. */
  readonly logs?: true;
  /** Whether the others are compared with it. */
  readonly reference?: true;
}

const FOLDER = join(ROOT, "build", "bench");
const SOURCES = import.meta.dirname;

export const OBSERVER: Plugin = {
  name: "cnitap-observe",
  command: (socket, log) => [
    join(ROOT, "bin", "cnitap-observe"),
    ...["--socket", socket, "--log-file", log, "--log-format", "json"],
  ],
  logs: true,
};

/** Builds the plugins to compare: Go's if possible, the stub alone, and the observer. */
export async function buildPlugins(progress: (line: string) => void): Promise<Plugin[]> {
  mkdirSync(FOLDER, { recursive: true });
  progress("network-logger in Go; at first its packages are fetched");
  const go = await buildNetworkLogger().catch((error: Error) => {
    progress(`no network-logger in Go, its column is left out: ${error.message}`);
  });
  const script = join(FOLDER, "nri-plugin.mjs");
  await build({
    entryPoints: [join(SOURCES, "plugin.ts")],
    outfile: script,
    ...{ bundle: true, format: "esm", platform: "node", target: "node20", logLevel: "warning" },
  });
  return [
    ...(go ? [go] : []),
    {
      name: "cni-tap/nri alone",
      command: (socket) => [process.execPath, script, "--socket", socket],
    },
    OBSERVER,
  ];
}

async function buildNetworkLogger(): Promise<Plugin> {
  const go = findTool("go");
  if (!go) throw new Error("there is no go in PATH");
  const fetched = await runTool("sh", [join(SOURCES, "fetch.sh")]);
  const [version, packages] = fetched.trim().split("\n");
  const out = join(FOLDER, "network-logger");
  await buildGo(go, join(SOURCES, "..", "network-logger.go"), out, packages);
  return {
    name: `Go ${await goVersion(go)}, nri ${version}`,
    command: (socket) => [out, "-socket", socket],
    reference: true,
  };
}
