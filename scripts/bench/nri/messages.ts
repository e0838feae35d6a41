import { encode } from "../../../src/nri/encode.ts";
import {
  Event,
  RunPodSandboxRequestSchema,
  StateChangeEventSchema,
  SynchronizeRequestSchema,
} from "../../../src/nri/gen/api_pb.js";

/** Part of every pod's name, and so of every line about a pod. */
export const POD_NAME = "web-5d4f8c7b9";

/** A typical pod. */
function podOf(index: number) {
  return {
    id: `9f75fa62d5c5d6749d1152804e57b31c20c617f203f969a5f8e9dc91${index.toString(16).padStart(8, "0")}`,
    ...{ name: `${POD_NAME}-${index}`, uid: "f3edd77a-2a07-4eb6-96f6-02c1d89e04e8", namespace: "shop" },
    labels: Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [`app.kubernetes.io/label-${i}`, `value-${i}`]),
    ),
    annotations: {
      "kubernetes.io/config.source": "api",
      "kubernetes.io/config.seen": "2026-11-21T05:00:00Z",
    },
    ...{ runtimeHandler: "runc", pid: 4242, ips: [`10.244.${(index >> 8) & 255}.${index & 255}`] },
    linux: {
      cgroupParent: "/kubepods/besteffort/podf3edd77a-2a07-4eb6-96f6-02c1d89e04e8",
      namespaces: [
        { type: "pid" },
        { type: "ipc" },
        { type: "network", path: "/var/run/netns/cni-d5e643e3" },
      ],
    },
  };
}

function containerOf(index: number) {
  const { id, labels } = podOf(index);
  return { id, podSandboxId: id, name: "main", labels, args: ["nginx"] };
}

/** RunPodSandbox as a StateChange. Runtimes up to nri 0.11 send it so, and every stub accepts it. */
export function stateChanges(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    encode(StateChangeEventSchema, { event: Event.RUN_POD_SANDBOX, pod: podOf(index) }),
  );
}

/** RunPodSandbox as its own call, since nri 0.12. */
export function runPodSandboxRequest(): Uint8Array {
  return encode(RunPodSandboxRequestSchema, { pod: podOf(0) });
}

/** A Synchronize in ten parts. Runtimes split it if it is too large for one message. */
export function synchronizeParts(count: number): Uint8Array[] {
  const size = Math.ceil(count / 10);
  return Array.from({ length: 10 }, (_, part) => {
    const indices = Array.from({ length: size }, (__, index) => part * size + index).filter((i) => i < count);
    return encode(SynchronizeRequestSchema, {
      ...{ pods: indices.map(podOf), containers: indices.map(containerOf), more: part < 9 },
    });
  });
}
