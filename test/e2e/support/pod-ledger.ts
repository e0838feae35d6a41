import type { ContainerdNode } from "../../../scripts/containerd/node.ts";
import type { PodSpec } from "../../../scripts/containerd/pods.ts";

export const POD_CALLS = ["RunPodSandbox", "StopPodSandbox", "RemovePodSandbox"] as const;
export type PodCall = (typeof POD_CALLS)[number];

/** A CRI call as its caller saw it. Times are milliseconds since 1970. */
export interface CallRecord {
  readonly event: PodCall;
  readonly from: number;
  /** The answer; of a call that a restart cut off, when the next containerd answered. */
  readonly to: number;
  /** The containerd that was asked, counted from 0. */
  readonly daemon: number;
  /** False if a restart cut it off. */
  readonly ok: boolean;
}

export interface PodRecord {
  readonly name: string;
  /** Null if a restart cut RunPodSandbox off and nothing is left of the pod. */
  id: string | null;
  readonly calls: CallRecord[];
}

/** Does with pods what a kubelet does, also over restarts of containerd, and records each call. */
export class PodLedger {
  readonly pods: PodRecord[] = [];
  /** How often containerd was restarted. */
  daemon = 0;
  readonly #node: ContainerdNode;
  #restarting: Promise<void> | null = null;

  constructor(node: ContainerdNode) {
    this.#node = node;
  }

  /** Of how many pods RunPodSandbox has come to an end. */
  get made(): number {
    return this.pods.filter(({ calls }) => calls.length > 0).length;
  }

  async restart(): Promise<void> {
    this.daemon++;
    this.#restarting = this.#node.restart();
    await this.#restarting;
    this.#restarting = null;
  }

  /** A pod that a restart cut off is looked for, and ended if something is left of it; then there is none to return. */
  async run(spec: PodSpec): Promise<PodRecord | null> {
    const pod: PodRecord = { name: spec.name, id: null, calls: [] };
    this.pods.push(pod);
    const made = await this.#call(pod, "RunPodSandbox", () => this.#node.runPod(spec));
    pod.id = made?.id ?? (await this.#idOf(spec.name));
    if (made) return pod;
    if (pod.id !== null) await this.end(pod);
    return null;
  }

  async end(pod: PodRecord): Promise<void> {
    const id = pod.id ?? "";
    while (!(await this.#call(pod, "StopPodSandbox", () => this.#done(this.#node.stopPod(id))))) {}
    while (!(await this.#call(pod, "RemovePodSandbox", () => this.#done(this.#node.removePod(id))))) {}
  }

  async #done(call: Promise<void>): Promise<true> {
    await call;
    return true;
  }

  async #idOf(name: string): Promise<string | null> {
    const { items } = await this.#node.cri.call("ListPodSandbox", {});
    return items.find(({ metadata }) => metadata.name === name)?.id ?? null;
  }

  /** Null if a restart cut it off. */
  async #call<T>(pod: PodRecord, event: PodCall, act: () => Promise<T>): Promise<T | null> {
    await this.#restarting;
    const [daemon, from] = [this.daemon, Date.now()];
    const record = (ok: boolean) => pod.calls.push({ event, from, to: Date.now(), daemon, ok });
    try {
      const answer = await act();
      record(true);
      return answer;
    } catch (error) {
      if (this.daemon === daemon) throw error;
      await this.#restarting;
      record(false);
      return null;
    }
  }
}
