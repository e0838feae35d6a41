import { Random } from "../fuzz/random.ts";
import {
  callLines,
  eventLine,
  type MadeCall,
  type MadeLine,
  type MadePod,
  resultOf,
  tapLine,
} from "./lines.ts";

const START_US = Date.UTC(2026, 10, 21, 8) * 1000;
/** Pods that run at a time. */
const RUNNING = 110;
const NETWORKS = ["k8s-pod-network", "storage"] as const;
const PLUGINS = ["calico", "portmap", "bandwidth"] as const;

export interface LogOptions {
  readonly seed: number;
  /** The log ends with the pod that makes it larger than that. */
  readonly bytes: number;
  /** Of 100 pods, those of a network with wrapped plugins; the others' network has the two taps. Default 50. */
  readonly wrapped?: number;
  /** Whether there are lines of other programs, and lines that were cut. Default: there are. */
  readonly strays?: boolean;
  /** Whether pods are removed. Default: they are. */
  readonly removed?: boolean;
}

/** What a reader has to find in a made log. */
export interface Truth {
  bytes: number;
  lines: number;
  pods: number;
  /** Pods with a network that were not removed. */
  running: number;
  /** Runs of the chain, the failed ones included. */
  adds: number;
  dels: number;
  /** A plugin failed, and the runtime cleaned up. */
  failedAdds: number;
  /** A plugin's DEL failed; the runtime asked again. */
  failedDels: number;
  /** Plugins' calls without an end. */
  killed: number;
  /** Lines that were cut, and those of other programs. */
  torn: number;
  foreign: number;
  /** Addresses that two pods of a network had at the same time. */
  sharedIps: number;
}

/** Makes a log of a busy node, the same for the same options, with faults in it. */
export function generateLog(options: LogOptions, write: (text: string) => void): Truth {
  return new Generator(options, write).run();
}

class Generator {
  readonly #options: LogOptions;
  readonly #write: (text: string) => void;
  readonly #random: Random;
  readonly #running: MadePod[] = [];
  #waiting: MadeLine[] = [];
  #nowUs = START_US;
  readonly #truth: Truth = {
    ...{ bytes: 0, lines: 0, pods: 0, running: 0, adds: 0, dels: 0, failedAdds: 0, failedDels: 0 },
    ...{ killed: 0, torn: 0, foreign: 0, sharedIps: 0 },
  };

  constructor(options: LogOptions, write: (text: string) => void) {
    this.#options = options;
    this.#write = write;
    this.#random = new Random(options.seed);
  }

  run(): Truth {
    const { bytes, removed = true } = this.#options;
    while (this.#truth.bytes < bytes) {
      this.#nowUs += 50_000 + this.#random.below(400_000);
      this.#start();
      if (removed && this.#running.length > RUNNING)
        for (const pod of this.#running.splice(this.#random.below(RUNNING), 1)) this.#stop(pod);
      this.#flush(this.#nowUs);
    }
    this.#flush(Number.POSITIVE_INFINITY);
    this.#truth.running = this.#running.length;
    return this.#truth;
  }

  #start(): void {
    const random = this.#random;
    const fails = random.once(40);
    const pod = this.#newPod(fails);
    this.#truth.pods++;
    const endUs = isWrapped(pod) ? this.#addWrapped(pod, fails) : this.#addTapped(pod, fails);
    this.#truth.adds++;
    if (fails) {
      this.#truth.failedAdds++;
      this.#delete(pod, endUs + 1000, pod.netns, false);
      return;
    }
    this.#put(eventLine(pod, endUs + 5000, "RunPodSandbox"));
    this.#running.push(pod);
    if (random.once(200)) this.#putText(endUs, 'level=warning msg="another program writes here"', "foreign");
    if (random.once(200))
      this.#putText(endUs, tapLine(pod, endUs, "pre", "CHECK", pod.netns).text.slice(0, -40), "torn");
  }

  #stop(pod: MadePod): void {
    const fromUs = this.#nowUs + 60_000_000;
    this.#put(eventLine(pod, fromUs, "StopPodSandbox"));
    let atUs = fromUs + 2000;
    if (this.#random.once(60)) {
      this.#truth.failedDels++;
      this.#truth.dels++;
      if (isWrapped(pod))
        atUs = this.#call(pod, atUs, { plugin: "calico", command: "DEL", netns: pod.netns }, 1);
      else this.#put(tapLine(pod, atUs, "post", "DEL", pod.netns));
      atUs += 1_000_000;
    }
    atUs = this.#delete(pod, atUs, pod.netns);
    atUs = this.#delete(pod, atUs + 500_000, "");
    this.#put(eventLine(pod, atUs + 2000, "RemovePodSandbox"));
  }

  #newPod(fails: boolean): MadePod {
    const random = this.#random;
    const at = this.#truth.pods;
    const hex = (letters: number) =>
      Array.from({ length: letters / 8 }, () =>
        random
          .below(2 ** 32)
          .toString(16)
          .padStart(8, "0"),
      ).join("");
    const id = hex(64);
    const other = random.once(500) ? this.#running.at(-1) : undefined;
    const own = NETWORKS[random.below(100) < (this.#options.wrapped ?? 50) ? 1 : 0] ?? NETWORKS[0];
    if (other && !fails) this.#truth.sharedIps++;
    return {
      ...{
        id,
        namespace: `team-${at % 7}`,
        name: `web-${at}`,
        uid: `${id.slice(0, 8)}-0000-4000-8000-${hex(16).slice(0, 12)}`,
      },
      ...{
        netns: `/var/run/netns/cni-${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`,
      },
      ip: other?.ip ?? `10.${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`,
      network: other?.network ?? own,
    };
  }

  #addTapped(pod: MadePod, fails: boolean): number {
    const endUs = this.#nowUs + 20_000 + this.#random.below(100_000);
    this.#put(tapLine(pod, this.#nowUs, "pre", "ADD", pod.netns));
    if (!fails) this.#put(tapLine(pod, endUs, "post", "ADD", pod.netns));
    return endUs;
  }

  #addWrapped(pod: MadePod, fails: boolean): number {
    let atUs = this.#nowUs;
    for (const plugin of PLUGINS) {
      const about = { plugin, command: "ADD", netns: pod.netns };
      if (fails && plugin === "calico" && this.#random.once(10)) {
        this.#truth.killed++;
        const call = { ...about, pid: this.#truth.lines % 32768, end: null };
        for (const line of callLines(pod, atUs, call, null)) this.#put(line);
        return atUs + 100_000;
      }
      atUs = this.#call(pod, atUs, about, fails ? 1 : 0);
      if (fails) break;
      atUs += 500;
    }
    return atUs;
  }

  #delete(pod: MadePod, fromUs: number, netns: string, isCached = netns !== ""): number {
    this.#truth.dels++;
    let atUs = fromUs;
    if (isWrapped(pod)) {
      for (const plugin of [...PLUGINS].reverse())
        atUs = this.#call(pod, atUs + 500, { plugin, command: "DEL", netns }, 0, isCached);
      return atUs;
    }
    this.#put(tapLine(pod, atUs, "post", "DEL", netns, isCached));
    atUs += 5000 + this.#random.below(50_000);
    this.#put(tapLine(pod, atUs, "pre", "DEL", netns, isCached));
    return atUs;
  }

  /** Returns when it ended. */
  #call(
    pod: MadePod,
    atUs: number,
    about: Pick<MadeCall, "plugin" | "command" | "netns">,
    exit: number,
    isCached = about.command === "DEL" || about.plugin !== "calico",
  ): number {
    const us = 1000 + this.#random.below(about.plugin === "calico" ? 80_000 : 8000);
    const failed = '{"code":11,"msg":"no addresses left in the pool","details":"10.0.0.0/8"}';
    const output = exit !== 0 ? failed : about.command === "ADD" ? resultOf(pod) : "null";
    const before = isCached ? resultOf(pod) : null;
    const call = { ...about, pid: this.#random.below(32768), end: { us, exit, output } };
    for (const line of callLines(pod, atUs, call, before)) this.#put(line);
    return atUs + us;
  }

  #put(line: MadeLine): void {
    this.#waiting.push(line);
  }

  #putText(atUs: number, text: string, kind: "torn" | "foreign"): void {
    if (this.#options.strays === false) return;
    this.#truth[kind]++;
    this.#put({ atUs, text });
  }

  /** Writes what happened before a time. */
  #flush(untilUs: number): void {
    this.#waiting.sort((one, other) => one.atUs - other.atUs);
    let count = 0;
    while (count < this.#waiting.length && (this.#waiting[count]?.atUs ?? 0) < untilUs) count++;
    const lines = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    const text = lines.map((line) => `${line.text}\n`).join("");
    this.#truth.bytes += text.length;
    this.#truth.lines += count;
    this.#write(text);
  }
}

function isWrapped({ network }: MadePod): boolean {
  return network === NETWORKS[1];
}
