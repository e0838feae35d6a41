import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runTool } from "../build/compile.ts";
import { cacheDir } from "../cache-dir.ts";

/** The path of a tool in PATH; null if there is none. */
export function findTool(name: string): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** Builds a program of one file without modules. `packages` is the GOPATH for its imports. Returns `out`. */
export async function buildGo(
  go: string,
  source: string,
  out: string,
  packages = cacheDir(),
): Promise<string> {
  const env = [
    ...["CGO_ENABLED=0", "GO111MODULE=off", "GOFLAGS=", "GOTOOLCHAIN=local", `GOPATH=${packages}`],
    `GOCACHE=${join(cacheDir(), "go-build")}`, // Go's default needs HOME
  ];
  await runTool("env", [...env, go, "build", "-ldflags=-s -w", "-o", out, source]);
  return out;
}

/** Go's version, such as "1.19.8". */
export async function goVersion(go: string): Promise<string> {
  return (await runTool(go, ["env", "GOVERSION"])).trim().replace(/^go/, "");
}
