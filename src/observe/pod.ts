import type { PodSandbox } from "../nri/gen/api_pb.js";
import type { PodFacts } from "../record/pod-line.ts";

/** The part of a message that is remembered and told; the message itself may be far larger. */
export function readPod(message: PodSandbox): PodFacts {
  const { id, namespace, name, uid, ips, labels } = message;
  const namespaces = message.linux?.namespaces ?? [];
  const network = namespaces.find(({ type }) => type === "network");
  return {
    ...{ id, namespace, name, uid, ips, labels },
    netns: namespaces.length === 0 ? null : (network?.path ?? ""),
  };
}
