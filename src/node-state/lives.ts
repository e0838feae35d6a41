import type { CachedAttachment, NodeFacts, PodName, RuntimePod } from "./facts.ts";
import type { LogPods } from "./log-pods.ts";

/** A container ID as containerd, CRI-O, Docker and Podman make it; nerdctl puts its namespace and a hyphen before it. */
const HEX_ID = /(?:^|-)([0-9a-f]{64})$/;
const SHORT_ID = 12;

/** Which container IDs are alive at a look, and who they are. */
export class Lives {
  readonly #facts: NodeFacts;
  readonly #log: LogPods;
  readonly #cached = new Map<string, CachedAttachment[]>();
  readonly #listed: ReadonlyMap<string, RuntimePod>;
  readonly #calls: ReadonlySet<string>;
  /** Whether the processes of the node's pods are among those that are seen. */
  readonly seesProcesses: boolean;

  constructor(facts: NodeFacts, log: LogPods) {
    this.#facts = facts;
    this.#log = log;
    for (const { attachment } of facts.cache) {
      if (attachment === null) continue;
      const known = this.#cached.get(attachment.containerId);
      if (known) known.push(attachment);
      else this.#cached.set(attachment.containerId, [attachment]);
    }
    this.#listed = new Map((facts.runtime?.pods ?? []).map((pod) => [pod.id, pod]));
    this.#calls = new Set((facts.processes?.calls ?? []).map(({ containerId }) => containerId));
    this.seesProcesses = seesProcesses(facts);
  }

  /** Whether it can be told at all that somebody is gone. */
  get canTell(): boolean {
    return this.#seesNamespaces || (this.#facts.runtime !== null && this.seesProcesses);
  }

  get #seesNamespaces(): boolean {
    return this.#facts.namespaces.mounted.length > 0;
  }

  /** Whether a network namespace that a cached attachment or the log names is gone. */
  isNetnsGone(netns: string | null): boolean {
    return netns !== null && this.#seesNamespaces && !this.#facts.namespaces.there.has(netns);
  }

  /**
   * Whether a pod or container is gone: nobody holds it, its namespace is gone or, where that is not known, the runtime
   * does not know it. IDs that no runtime makes are only judged by a namespace: somebody may have made them by hand.
   */
  isGone(id: string): boolean {
    if (this.#calls.has(id) || this.#listed.has(id)) return false;
    const hex = HEX_ID.exec(id)?.[1];
    if (hex !== undefined && this.#facts.processes?.ids.has(hex)) return false;
    const paths = this.#netnsOf(id);
    if (paths.some((path) => this.#facts.namespaces.there.has(path))) return false;
    if (this.#seesNamespaces && paths.length > 0) return true;
    return hex !== undefined && this.#facts.runtime !== null && this.seesProcesses;
  }

  /** Whether a pod has its network: its namespace is there, and its runtime does not say that it has ended. */
  isLive({ containerId, netns }: CachedAttachment): boolean {
    if (netns === null || !this.#facts.namespaces.there.has(netns)) return false;
    const pod = this.#listed.get(containerId);
    return !this.#calls.has(containerId) && (pod === undefined || pod.ready);
  }

  isListed(id: string): boolean {
    return this.#listed.has(id);
  }

  isReady(id: string): boolean {
    return this.#listed.get(id)?.ready ?? false;
  }

  hasCachedAttachment(id: string): boolean {
    return this.#cached.has(id);
  }

  podOf(id: string): PodName | null {
    const cached = this.#cached.get(id)?.find(({ pod }) => pod !== null);
    return this.#listed.get(id)?.pod ?? cached?.pod ?? this.#log.byId.get(id)?.pod ?? null;
  }

  /** `default/web-0`, or the beginning of the container ID. */
  nameOf(id: string): string {
    const pod = this.podOf(id);
    return pod === null ? `sandbox ${shortId(id)}` : `${pod.namespace}/${pod.name}`;
  }

  #netnsOf(id: string): string[] {
    const cached = (this.#cached.get(id) ?? []).map(({ netns }) => netns);
    const logged = (this.#log.byId.get(id)?.attachments ?? []).map(({ netns }) => netns);
    return [...cached, ...logged].filter((path) => path !== null);
  }
}

/** The processes of a node's pods are among those that are seen: else this process is in a namespace of its own. */
function seesProcesses({ processes, runtime, namespaces }: NodeFacts): boolean {
  if (processes === null) return false;
  const ready = (runtime?.pods ?? []).filter((pod) => pod.ready);
  return (
    ready.length === 0 ||
    ready.some(({ id }) => processes.ids.has(id)) ||
    namespaces.mounted.some(({ inode }) => processes.namespaces.has(inode))
  );
}

export function shortId(id: string): string {
  return HEX_ID.test(id) ? id.slice(0, SHORT_ID) : id;
}
