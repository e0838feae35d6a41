import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { runTool } from "../../build/compile.ts";
import { ROOT } from "../../cache-dir.ts";
import { buildGo, findTool, goVersion } from "../go.ts";

/** A plugin as a command. */
export interface Plugin {
  readonly name: string;
  /** What is run to serve the runtime at `socket`; `log` is the file for a line an event. */
  readonly command: (socket: string, log: string) => readonly string[];
  /** It writes that log. */
  readonly logs?: true;
  /** What the others are compared with. */
  readonly reference?: true;
}

const FOLDER = join(ROOT, "build", "bench");
const SOURCES = import.meta.dirname;

export const OBSERVER: Plugin = {
  name: "cnitap observe",
  command: (socket, log) => [
    ...[join(ROOT, "bin", "cnitap"), "observe"],
    ...["--socket", socket, "--log-file", log, "--log-format", "json"],
  ],
  logs: true,
};

/** The plugins side by side: Go's first, where it can be had, then the stub alone, and the observer. */
export async function buildPlugins(told: (line: string) => void): Promise<Plugin[]> {
  mkdirSync(FOLDER, { recursive: true });
  told("network-logger in Go; at first its packages are fetched");
  const go = await buildNetworkLogger().catch((error: Error) => {
    told(`no network-logger in Go, its column is left out: ${error.message}`);
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
