import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { runTool } from "./compile.ts";

/** A call of the usual kind; nothing of it is written anywhere. */
const ID = "0".repeat(64);
const ENVIRONMENT = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: ID,
  CNI_NETNS: "/var/run/netns/cni-00000000-0000-0000-0000-000000000000",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
  CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=${ID}`,
};
const REQUEST = JSON.stringify({
  cniVersion: "1.0.0",
  name: "k8s-pod-network",
  type: "cni_post",
  logFile: "/dev/null",
  lockFile: "/dev/null",
  logFormat: "json",
  logMaxBytes: 104857600,
  prevResult: { cniVersion: "1.0.0", ips: [{ address: "10.244.1.3/24" }] },
});

/** Has an executable prepare itself, and puts what came of it into the file (src/native/core/snapshot.h). */
export async function addSnapshot(executable: string): Promise<void> {
  const [request, file] = [`${executable}.request`, `${executable}.snapshot`];
  writeFileSync(request, REQUEST);
  const stdin = openSync(request, "r");
  try {
    const stdio = [stdin, "pipe", "pipe"] as const;
    writeFileSync(
      file,
      execFileSync(executable, ["--write-snapshot"], {
        env: ENVIRONMENT,
        stdio: [...stdio],
        maxBuffer: 1 << 24,
      }),
    );
  } finally {
    closeSync(stdin);
  }
  await runTool("objcopy", ["--update-section", `snapshot=${file}`, executable]);
}
