import { expect } from "vitest";
import type { ContainerdNode } from "../../../scripts/containerd/node.ts";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { childrenOf, descriptorsOf, memoryOf, untilGone } from "../../faults/support/writers.ts";
import { type Observer, type ObserverEnd, startObserver } from "./observer.ts";
import type { PodLedger } from "./pod-ledger.ts";

/** The time in which one observer was connected to one containerd. Times are milliseconds since 1970. */
export interface Watch {
  /** The label of the observer's lines. */
  readonly observer: string;
  /** The containerd, counted from 0. */
  readonly daemon: number;
  /** Before the observer could connect: it was started, or containerd was asked to end. */
  readonly begun: number;
  /** It was seen to be connected. */
  readonly from: number;
  /** Before containerd was asked to end, or the observer was killed or asked to end. */
  to: number;
  killed: boolean;
}

/** One observer after the other, each with a label of its own, and the times in which they were connected. */
export class Watches {
  readonly all: Watch[] = [];
  readonly #node: ContainerdNode;
  readonly #ledger: PodLedger;
  #observer: Observer | null = null;
  #label = "";
  #count = 0;

  constructor(node: ContainerdNode, ledger: PodLedger) {
    this.#node = node;
    this.#ledger = ledger;
  }

  async connect(): Promise<void> {
    const begun = Date.now();
    this.#count++;
    this.#label = `observer-${this.#count}`;
    const flags = ["--set", `label=${this.#label}`];
    this.#observer = await startObserver(this.#node, "json", "/tmp/cni.log", flags);
    this.#begin(begun);
  }

  async kill(): Promise<void> {
    expect(await this.#end("SIGKILL")).toMatchObject({ signal: "SIGKILL" });
  }

  async stop(): Promise<void> {
    expect(await this.#end("SIGTERM")).toMatchObject({ code: 0 });
  }

  /** Restarts containerd, and waits until the observer, if there is one, is connected again. */
  async restart(): Promise<void> {
    const observer = this.#observer;
    const connections = () => observer?.said().split("Synchronized state with the runtime (").length ?? 0;
    const [before, begun] = [connections(), Date.now()];
    if (observer) this.#close(false);
    await this.#ledger.restart();
    if (!observer) return;
    await waitFor("the observer again", () => connections() > before);
    this.#begin(begun);
  }

  /** In KB, of the observer and its writers. */
  memories(): number[] {
    return this.#processes().map(memoryOf);
  }

  /** How many the observer and its writers have. */
  descriptors(): number[] {
    return this.#processes().map(descriptorsOf);
  }

  #processes(): number[] {
    const pid = this.#observer?.pid ?? 0;
    return [pid, ...childrenOf(pid).map((child) => child.pid)];
  }

  #begin(begun: number): void {
    const [from, to] = [Date.now(), Number.POSITIVE_INFINITY];
    const { daemon } = this.#ledger;
    this.all.push({ observer: this.#label, daemon, begun, from, to, killed: false });
  }

  #close(killed: boolean): void {
    Object.assign(this.all.at(-1) ?? {}, { to: Date.now(), killed });
  }

  /** Waits for the end of its writers, too. */
  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<ObserverEnd | undefined> {
    const processes = this.#processes();
    expect(processes).toHaveLength(3);
    this.#close(signal === "SIGKILL");
    const end = await this.#observer?.stop(signal);
    this.#observer = null;
    for (const pid of processes) await untilGone(pid);
    return end;
  }
}
