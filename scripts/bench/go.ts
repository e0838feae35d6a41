import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runTool } from "../build/compile.ts";
import { cacheDir } from "../cache-dir.ts";

/** Where a tool is in PATH. */
export function findTool(name: string): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** Builds a program of one file without modules; `packages` is a GOPATH where it imports any. */
export async function buildGo(
  go: string,
  source: string,
  out: string,
  packages = cacheDir(),
): Promise<string> {
  const env = [
    ...["CGO_ENABLED=0", "GO111MODULE=off", "GOFLAGS=", "GOTOOLCHAIN=local", `GOPATH=${packages}`],
    `GOCACHE=${join(cacheDir(), "go-build")}`, // Go's own place needs a home
  ];
  await runTool("env", [...env, go, "build", "-ldflags=-s -w", "-o", out, source]);
  return out;
}

/** "1.19.8" */
export async function goVersion(go: string): Promise<string> {
  return (await runTool(go, ["env", "GOVERSION"])).trim().replace(/^go/, "");
}
