import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ContainerdError } from "./error.ts";

/** The Debian suite of containerd: sid has 2.x, trixie 1.7. */
export type Suite = "sid" | "trixie";

/** The unpacked Debian packages. They are not installed. */
export interface Packages {
  /** The directory that they were unpacked into. */
  readonly root: string;
  /** containerd's version, such as "2.1.9". */
  readonly version: string;
  /** Path of the CRI's api.proto. */
  readonly proto: string;
}

/** Downloads the packages (45 MB, about 8 s) unless they are cached. Reports progress on stderr. */
export async function fetchPackages(suite: Suite = "sid", signal?: AbortSignal): Promise<Packages> {
  const script = join(import.meta.dirname, "fetch.sh");
  const child = spawn("sh", [script, suite], { stdio: ["ignore", "pipe", "inherit"] });
  signal?.addEventListener("abort", () => child.kill()); // it cleans up by itself
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new ContainerdError("Cannot fetch containerd: see the lines above");
  const folder = output.trim();
  const root = join(folder, "root");
  return {
    root,
    version: (await readFile(join(folder, "done"), "utf8")).trim(),
    proto: join(root, "usr/share/gocode/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto"),
  };
}
