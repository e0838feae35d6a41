import { spawn } from "node:child_process";
import { isMembers, parseJson } from "../log/json.ts";

const TIMEOUT_MS = 2000;
const MOST_BYTES = 1 << 20;
const LINGER_MS = 100;

/** The versions that a plugin says it supports, or why it did not answer, as a clause. */
export type VersionAnswer =
  | { readonly versions: readonly string[]; readonly problem: null }
  | { readonly versions: null; readonly problem: string };

/**
 * Asks a plugin for its versions as libcni does: CNI_COMMAND=VERSION (SPEC 1.1.0, section 2), and nothing else. It gets 2 s
 * and 1 MB, is in a process group of its own, and what is left of that is killed.
 * @param path its PATH
 */
export function askVersion(file: string, path: string): Promise<VersionAnswer> {
  return new Promise((resolve) => {
    const child = spawn(file, [], {
      cwd: "/",
      env: {
        ...{ PATH: path, CNI_COMMAND: "VERSION", CNI_CONTAINERID: "", CNI_ARGS: "" },
        ...{ CNI_NETNS: "dummy", CNI_IFNAME: "dummy", CNI_PATH: "dummy" },
      },
      stdio: ["pipe", "pipe", "ignore"],
      detached: true, // the leader of its own group
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (answer: VersionAnswer) => {
      clearTimeout(timer);
      killGroup(child.pid);
      child.stdout.destroy();
      resolve(answer);
    };
    const fail = (problem: string) => end({ versions: null, problem });
    const timer = setTimeout(() => fail(`did not answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    child.on("error", (error: NodeJS.ErrnoException) => fail(`cannot be started: ${error.code}`));
    child.stdin.on("error", () => {}); // it does not read its input
    child.stdin.end('{"cniVersion":"1.1.0"}');
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) fail("answered more than 1 MB");
    });
    child.on("close", (code, signal) => end(read(Buffer.concat(chunks).toString(), code, signal)));
    // What it has started may hold its output: that ends with its group.
    child.on("exit", () => setTimeout(() => killGroup(child.pid), LINGER_MS));
  });
}

function read(text: string, code: number | null, signal: string | null): VersionAnswer {
  const fail = (problem: string) => ({ versions: null, problem });
  if (signal !== null) return fail(`was ended by ${signal}`);
  const value = parseJson(text);
  const versions = isMembers(value) ? value.supportedVersions : undefined;
  if (Array.isArray(versions) && versions.every((one) => typeof one === "string"))
    return { versions, problem: null };
  return fail(code === 0 ? "answered no versions" : `ended with exit code ${code}`);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nobody is left
  }
}
