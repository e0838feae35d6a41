import type { RuntimeConnection } from "../../../../scripts/nri/runtime-connection.ts";
import { Event, Plugin } from "../../../../src/nri/gen/api_pb.js";

/** The fields of a PodSandbox. */
export interface PodInit {
  readonly id?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly ips?: string[];
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly linux?: { readonly namespaces: { readonly type: string; readonly path?: string }[] };
}

/** A pod with a network, as containerd sends it. */
export function podNumber(number: number, more: PodInit = {}): PodInit {
  return {
    ...{ id: `id-${number}`, name: `web-${number}`, namespace: "default", uid: `uid-${number}` },
    ips: [`10.0.${number >> 8}.${number & 255}`],
    linux: { namespaces: [{ type: "network", path: `/var/run/netns/cni-${number}` }] },
    ...more,
  };
}

/** The sentence about such a pod on standard error. */
export function sentenceOf(verb: "Started" | "Stopped" | "Removed" | "", number: number): string {
  const netns = verb === "Started" || verb === "" ? `namespace=/var/run/netns/cni-${number} ` : "";
  const rest = `${netns}ips=[10.0.${number >> 8}.${number & 255}] id=id-${number}`;
  return `${verb === "" ? "pod" : `${verb} pod`} default/web-${number}: ${rest}`;
}

/** The line of such a pod in a classic log. */
export function classicPodLineOf(event: string, number: number): string {
  return (
    `NRI_EVENT=${event},CNI_CONTAINERID=id-${number},pod={"namespace":"default","name":"web-${number}",` +
    `"uid":"uid-${number}","netns":"/var/run/netns/cni-${number}","ips":["10.0.${number >> 8}.${number & 255}"]}`
  );
}

/** Sends an event to a plugin, and waits for its answer. */
export async function tell(
  connection: RuntimeConnection,
  event: "run" | "stop" | "remove",
  pod: PodInit,
): Promise<void> {
  const { method } = Plugin;
  // containerd 2.3 has a call for RunPodSandbox, and StateChange for the others.
  if (event === "run") await connection.ask(method.runPodSandbox, { pod });
  else {
    const kind = event === "stop" ? Event.STOP_POD_SANDBOX : Event.REMOVE_POD_SANDBOX;
    await connection.ask(method.stateChange, { event: kind, pod });
  }
}

/** Sends the start of the pods from number `from` to before `to`, in order, and waits for all answers. */
export async function runPods(connection: RuntimeConnection, from: number, to: number): Promise<void> {
  const atOnce = 100;
  for (let first = from; first < to; first += atOnce) {
    const count = Math.min(atOnce, to - first);
    const pods = Array.from({ length: count }, (_, i) => podNumber(first + i));
    await Promise.all(pods.map((pod) => tell(connection, "run", pod)));
  }
}
