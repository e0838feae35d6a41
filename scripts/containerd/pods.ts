import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import type { Cri, PodSandboxConfig, PortMapping } from "./cri.ts";
import { busyboxImage } from "./images.ts";

/** Options of a pod; only the name is required. */
export interface PodSpec {
  readonly name: string;
  /** Default: "default". */
  readonly namespace?: string;
  /** Default: random. */
  readonly uid?: string;
  /** True: no network namespace of its own, and no CNI call. */
  readonly hostNetwork?: boolean;
  readonly portMappings?: readonly PortMapping[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A running pod. `id` is the container ID that CNI plugins get. */
export interface Pod {
  readonly id: string;
  readonly config: PodSandboxConfig;
}

/** The configuration that the kubelet would pass to the CRI. */
export function podConfig(spec: PodSpec, logFolder: string, cgroupParent: string): PodSandboxConfig {
  const { name, namespace = "default", uid = randomUUID(), hostNetwork = false } = spec;
  const network = hostNetwork ? "NODE" : "POD";
  return {
    metadata: { name, uid, namespace, attempt: 0 },
    hostname: hostNetwork ? "" : name, // runc: "unable to set hostname without a private UTS namespace"
    log_directory: `${logFolder}/${uid}`,
    dns_config: {
      servers: ["10.96.0.10"],
      searches: [`${namespace}.svc.cluster.local`, "svc.cluster.local"],
    },
    port_mappings: spec.portMappings ?? [],
    labels: {
      "io.kubernetes.pod.name": name,
      "io.kubernetes.pod.namespace": namespace,
      "io.kubernetes.pod.uid": uid,
      ...spec.labels,
    },
    annotations: spec.annotations ?? {},
    linux: {
      cgroup_parent: `${cgroupParent}/pod${uid}`,
      security_context: { namespace_options: { network, pid: "CONTAINER", ipc: network } },
    },
  };
}

/** RunPodSandbox. Aborting the signal cancels it. */
export async function runPod(cri: Cri, config: PodSandboxConfig, signal?: AbortSignal): Promise<Pod> {
  await mkdir(config.log_directory, { recursive: true });
  const { pod_sandbox_id } = await cri.call("RunPodSandbox", { config }, undefined, signal);
  return { id: pod_sandbox_id, config };
}

/** CreateContainer and StartContainer with the busybox image. Returns the container ID. */
export async function runContainer(
  cri: Cri,
  pod: Pod,
  name: string,
  command: readonly string[] = ["sleep", "2147483647"],
): Promise<string> {
  const config = {
    metadata: { name, attempt: 0 },
    image: { image: busyboxImage },
    command,
    log_path: `${name}.log`,
  };
  const request = { pod_sandbox_id: pod.id, config, sandbox_config: pod.config };
  const { container_id } = await cri.call("CreateContainer", request);
  await cri.call("StartContainer", { container_id });
  return container_id;
}
