import type { PodFacts } from "../log/pod-line.ts";
import type { PodSandbox } from "../nri/gen/api_pb.js";

/** Memory of a pod's facts without their texts. */
const BARE_BYTES = 200;

/** The part of a message that is kept and reported. The message itself may be far larger. */
export function readPod(message: PodSandbox): PodFacts {
  const { id, namespace, name, uid, ips, labels } = message;
  const namespaces = message.linux?.namespaces ?? [];
  const network = namespaces.find(({ type }) => type === "network");
  return {
    ...{ id, namespace, name, uid, ips, labels },
    netns: namespaces.length === 0 ? null : (network?.path ?? ""),
  };
}

/** Approximate memory of a pod's facts in bytes. */
export function sizeOfPod({ id, namespace, name, uid, netns, ips, labels }: PodFacts): number {
  let size = BARE_BYTES + id.length + namespace.length + name.length + uid.length + (netns?.length ?? 0);
  for (const ip of ips) size += ip.length;
  for (const key in labels) size += key.length + (labels[key]?.length ?? 0);
  return size;
}
