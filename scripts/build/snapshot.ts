import { type SpawnSyncReturns, type StdioOptions, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { runTool } from "./compile.ts";

/** A call of the usual kind; nothing of it is written anywhere. */
const ID = "0".repeat(64);
const ENVIRONMENT = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: ID,
  CNI_NETNS: "/var/run/netns/cni-00000000-0000-0000-0000-000000000000",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/bin:/usr/bin",
  CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=${ID}`,
};
const RESULT = { cniVersion: "1.0.0", ips: [{ address: "10.244.1.3/24" }] };
const NETWORK = { cniVersion: "1.0.0", name: "k8s-pod-network" };
const KEYS = { logFile: "/dev/null", lockFile: "/dev/null", logFormat: "json", logMaxBytes: 104857600 };
/** cat(1) serves as a plugin. */
const CAT = { ...NETWORK, type: "cat", prevResult: RESULT };

/** What an executable is asked, and what it is to answer. */
const CALLS = {
  tap: { request: { ...NETWORK, type: "cni_post", ...KEYS, prevResult: RESULT }, answer: RESULT },
  wrap: { request: { ...CAT, type: "cni_wrap", cniTap: { type: "cat", ...KEYS } }, answer: CAT },
};
export type AnsweringProgram = keyof typeof CALLS;

/** What snapshot_write() ends with. */
const FAILURES: Readonly<Record<number, string>> = {
  1: "a system call failed",
  2: "the calls could not be traced: the script does not answer, or touches what it must not",
  3: "the script does not answer",
  4: "there is no room: raise STILL_BYTES or CALLS_BYTES in src/native/core/arena.c",
};

/** Runs an executable on the request. */
function call(
  program: AnsweringProgram,
  executable: string,
  args: readonly string[],
): SpawnSyncReturns<Buffer> {
  const request = `${executable}.request`;
  writeFileSync(request, JSON.stringify(CALLS[program].request));
  const stdin = openSync(request, "r"); // a file: it is read more than once
  try {
    const stdio: StdioOptions = [stdin, "pipe", "pipe"];
    return spawnSync(executable, args, { env: ENVIRONMENT, stdio, maxBuffer: 1 << 24 });
  } finally {
    closeSync(stdin);
  }
}

/**
 * Has an executable prepare itself, and puts what came of it into the file (src/native/core/snapshot.h). An executable
 * that does not have it in the end, or does not answer with it, is none.
 */
export async function addSnapshot(program: AnsweringProgram, executable: string): Promise<void> {
  const { status, stdout, error } = call(program, executable, ["--write-snapshot"]);
  if (status !== 0) {
    const seen = FAILURES[status ?? 0] ?? error?.message ?? `it ended with ${status}`;
    throw new Error(`Cannot make the snapshot of ${basename(executable)}: ${seen}`);
  }
  const [snapshot, there] = [`${executable}.snapshot`, `${executable}.there`];
  writeFileSync(snapshot, stdout);
  await runTool("objcopy", ["--update-section", `snapshot=${snapshot}`, executable]);
  await runTool("objcopy", ["-O", "binary", "--only-section=snapshot", executable, there]);
  if (!readFileSync(there).equals(stdout))
    throw new Error("Cannot put the snapshot into the executable: it is another one there");
  const answered = call(program, executable, []);
  if (answered.status !== 0 || answered.stdout.toString() !== JSON.stringify(CALLS[program].answer)) {
    throw new Error(
      `Cannot use the snapshot of ${basename(executable)}: an ADD ended with ${answered.status}, ${answered.stderr}`,
    );
  }
}
