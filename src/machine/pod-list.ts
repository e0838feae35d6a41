import type { RuntimePod } from "../node-state/facts.ts";
import { callCri, readFields, stringField } from "./cri.ts";
import type { Root } from "./root.ts";

/** SANDBOX_READY of runtime.v1's PodSandboxState; a field of 0 is not sent. */
const READY = 0;

/**
 * The pod sandboxes of a runtime (runtime.v1, ListPodSandbox).
 * @throws {MachineError} if it does not answer
 */
export async function listPods(root: Root, socket: string): Promise<RuntimePod[]> {
  const answer = readFields(await callCri(root.at(socket), "ListPodSandbox", Buffer.alloc(0)));
  return answer.flatMap(({ number, value }): RuntimePod[] => {
    if (number !== 1 || !Buffer.isBuffer(value)) return [];
    const item = readFields(value);
    const metadata = item.find((field) => field.number === 2)?.value;
    const about = Buffer.isBuffer(metadata) ? readFields(metadata) : [];
    const state = item.findLast((field) => field.number === 3)?.value ?? READY;
    return [
      {
        id: stringField(item, 1),
        pod: { name: stringField(about, 1), namespace: stringField(about, 3) },
        ready: state === READY,
        netns: null,
      },
    ];
  });
}

/** A pod's network namespace, as runtimes tell it verbosely; null if they do not. */
export async function netnsOf(root: Root, socket: string, id: string): Promise<string | null> {
  const bytes = Buffer.from(id);
  const request = Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes, Buffer.from([0x10, 0x01])]);
  const answer = readFields(await callCri(root.at(socket), "PodSandboxStatus", request));
  for (const { number, value } of answer) {
    if (number !== 2 || !Buffer.isBuffer(value)) continue; // map<string, string> info
    const entry = readFields(value);
    const path = /"type":\s*"network",\s*"path":\s*"([^"\\]+)"/.exec(stringField(entry, 2))?.[1];
    if (path !== undefined) return path;
  }
  return null;
}
