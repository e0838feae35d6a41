import { setTimeout as delay } from "node:timers/promises";
import { printable } from "../../log/printable.ts";
import { DeviceError } from "./device-error.ts";
import type { DeviceRequest } from "./device-requests.ts";
import { type HeldDevice, type HeldPod, isPodId } from "./held.ts";
import type { HeldFile } from "./held-file.ts";
import type { Deadline, Ip } from "./ip.ts";
import type { Link } from "./links.ts";
import type { Owner } from "./owner.ts";
import type { Pins } from "./pins.ts";
import { planMoves, titleOf } from "./plan.ts";
import { enterStep, findInPod, findOnHost, homeSteps, leaveStep, readySteps } from "./steps.ts";

export interface InjectorOptions {
  readonly ip: Ip;
  readonly pins: Pins;
  readonly file: HeldFile;
  readonly owner: Owner;
  /** A process in the host's network namespace. */
  readonly hostPid: number;
  readonly say: (level: "debug" | "info" | "warning" | "error", message: string) => void;
}

/** A pod as the runtime reports it. */
export interface PodPlace extends Pick<HeldPod, "id" | "namespace" | "name"> {
  /** The path of its network namespace; "" on the host's network. */
  readonly netns: string;
}

/** How long a look after the held devices may take, and the pause before the next one. */
const LOOK_MS = 1500;
const PAUSE_MS = 1000;
const MOST_PAUSE_MS = 30_000;
/** How long to wait for the end of a plugin that is being killed. */
const OWNER_MS = 1000;
const OWNER_LOOK_MS = 20;

const NONE: ReadonlySet<string> = new Set();

interface Trouble {
  readonly messages: ReadonlySet<string>;
  readonly pauseMs: number;
  /** When to try again, by performance.now(). */
  readonly againMs: number;
}

/** Moves devices into pods and back. One pod at a time; what it has moved is in the file before it is moved. */
export class Injector {
  /** The operator's patterns of device names. */
  allowed: readonly string[] = [];
  /** Why no pod may have a device; "": pods may. */
  fault = "";
  readonly #options: InjectorOptions;
  readonly #held = new Map<string, HeldPod>();
  /** What failed last for a pod, so that it is said once and tried less and less often. */
  readonly #troubles = new Map<string, Trouble>();
  #last: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #isOwner = false;

  constructor(options: InjectorOptions) {
    this.#options = options;
  }

  /** Takes over what a plugin before this one has moved, and gives back what has to go. Never rejects. */
  resume(deadline: Deadline): Promise<void> {
    return this.#alone(async () => {
      const { pins, say } = this.#options;
      const waitUntil = performance.now() + OWNER_MS;
      while (!this.#takeOver() && performance.now() < waitUntil) await delay(OWNER_LOOK_MS);
      if (!this.#takeOver()) return say("error", this.#otherOwner());
      try {
        for (const id of pins.ids()) if (!this.#held.has(id)) await pins.unpin(id, deadline);
      } catch (error) {
        say("error", messageOf(error));
      }
      await this.#lookAfterAll(deadline);
    });
  }

  /** Reads what is held, unless another process looks after that. Returns whether this one does. */
  #takeOver(): boolean {
    const { owner, file, say } = this.#options;
    if (this.#isOwner) return true;
    if (owner.take() !== process.pid) return false;
    this.#isOwner = true;
    const { pods, complaint } = file.read();
    if (complaint) say("warning", complaint);
    for (const pod of pods) this.#held.set(pod.id, pod);
    return true;
  }

  #otherOwner(): string {
    return `another network-device-injector runs on this node: process ${this.#options.owner.take()}`;
  }

  /** Stops looking after what is held, which stays where it is. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /**
   * Injects a pod's devices: all of them, or none.
   * @param deadline when to give up and begin to undo
   * @param undoneBy when that must be done
   * @throws {DeviceError} what failed, and whether it is undone
   */
  inject(
    pod: PodPlace,
    requests: readonly DeviceRequest[],
    deadline: Deadline,
    undoneBy: Deadline,
  ): Promise<void> {
    return this.#alone(async () => {
      const { allowed, fault } = this;
      const { pins, ip } = this.#options;
      const { id, namespace, name, netns } = pod;
      if (fault !== "") throw new DeviceError(fault);
      if (!this.#takeOver()) throw new DeviceError(this.#otherOwner());
      if (!netns) throw new DeviceError("trying to inject network device on host network Pod");
      if (!isPodId(id)) throw new DeviceError("its sandbox ID is no name of a file");
      if (this.#held.has(id)) throw new DeviceError("it has devices already");
      const inode = pins.inodeAt(netns);
      const [hostLinks, defaultRouteDevices, podLinks] = await Promise.all([
        ip.hostLinks(deadline),
        ip.defaultRouteDevices(deadline),
        ip.podLinks(netns, deadline),
      ]);
      const asked = hostLinks.filter((link) => requests.some(({ name }) => name === link.name));
      const unnamed = asked.map(({ name }) => name).filter((name) => !allowed.includes(name));
      const routeDevices = await ip.routeDevices(unnamed, deadline);
      const moves = planMoves(requests, {
        ...{ hostLinks, defaultRouteDevices, routeDevices, podLinks, allowed },
        held: [...this.#held.values()],
      });
      const devices = moves.map(({ request, home }) => ({ home, podName: request.podName, podIndex: null }));
      const held = { id, namespace, name, netns, inode };
      try {
        this.#keep({ ...held, state: "injecting", devices });
        const path = await pins.pin(id, netns, inode, deadline);
        await ip.run(
          requests.map((request) => enterStep(request, path)),
          path,
          deadline,
        );
        const entered = await this.#withIndexes(devices, path, deadline);
        this.#keep({ ...held, state: "injecting", devices: entered });
        await ip.run(requests.flatMap(readySteps), path, deadline);
        this.#keep({ ...held, state: "injected", devices: entered });
      } catch (error) {
        const left = await this.#giveBack(id, undoneBy);
        const undone = left.length === 0 ? "all is undone" : `not yet undone: ${left.join(", ")}`;
        throw new DeviceError(`${messageOf(error)}; ${undone}`);
      }
      for (const request of requests)
        this.#options.say("info", `${titleOf(pod)}: injected ${inWords(request)}`);
    });
  }

  /** Gives back what a pod has. What cannot be given back in time is tried again. Never rejects. */
  release(id: string, deadline: Deadline): Promise<void> {
    if (!this.#takeOver() || !this.#held.has(id)) return Promise.resolve(); // nearly all pods
    return this.#alone(async () => {
      await this.#giveBack(id, deadline);
    });
  }

  /** Gives back what is held for pods that are not among these, soon. */
  forgetOthers(ids: ReadonlySet<string>): void {
    if (!this.#takeOver()) return;
    for (const pod of this.#held.values())
      if (!ids.has(pod.id) && pod.state === "injected") this.#held.set(pod.id, { ...pod, state: "leaving" });
    if (this.#held.size > 0) this.#look();
  }

  /** Gives back what must go: injections that did not end, and devices of pods whose namespace is gone. */
  async #lookAfterAll(deadline: Deadline): Promise<void> {
    const { pins } = this.#options;
    for (const pod of [...this.#held.values()]) {
      const { id, netns, inode } = pod;
      if (performance.now() < (this.#troubles.get(id)?.againMs ?? 0)) continue;
      if (pod.state !== "injected" || !pins.isAt(netns, inode)) await this.#giveBack(id, deadline);
      else await pins.pin(id, netns, inode, deadline).catch((error) => this.#complain(id, error));
    }
  }

  #look(): void {
    void this.#alone(() => this.#lookAfterAll(performance.now() + LOOK_MS));
  }

  /** Runs one after the other. Afterwards, what is held is looked after. */
  async #alone<T>(act: () => Promise<T>): Promise<T> {
    const run = this.#last.then(act);
    this.#last = run.catch(() => {});
    try {
      return await run;
    } finally {
      if (this.#held.size > 0 && !this.#timer && !this.#ended) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#look();
        }, PAUSE_MS);
        this.#timer.unref();
      }
    }
  }

  /** Looks for the indexes that devices have got in a pod. */
  async #withIndexes(
    devices: readonly HeldDevice[],
    netns: string,
    deadline: Deadline,
  ): Promise<HeldDevice[]> {
    const links = await this.#options.ip.podLinks(netns, deadline);
    return devices.map((device) => {
      const link = links.find(({ name }) => name === device.podName);
      if (!link) throw new DeviceError(`cannot see ${device.podName} in the pod`);
      return { ...device, podIndex: link.index };
    });
  }

  /** Gives back all it can of what a pod has. Returns the names of what is left. Never rejects. */
  async #giveBack(id: string, deadline: Deadline): Promise<string[]> {
    const pod = this.#held.get(id);
    if (!pod) return [];
    const left: HeldDevice[] = [];
    try {
      const { inPod, trouble } = await this.#leave(pod, deadline);
      const links = await this.#options.ip.hostLinks(deadline);
      for (const [at, device] of pod.devices.entries())
        try {
          if (await this.#settle(device, links, inPod[at], trouble, deadline))
            this.#options.say("info", `${titleOf(pod)}: returned ${device.home.name} to the host`);
        } catch (error) {
          if (!(error instanceof GoneError)) left.push(device);
          this.#complain(id, error, `Cannot return ${device.home.name} of ${titleOf(pod)}: `);
        }
      if (left.length === 0) await this.#options.pins.unpin(id, deadline);
      this.#keep({ ...pod, state: "leaving", devices: left });
      return left.map(({ home }) => home.name);
    } catch (error) {
      this.#complain(id, error, `Cannot return the devices of ${titleOf(pod)}: `);
      return pod.devices.map(({ home }) => home.name);
    }
  }

  /** Moves all that is still in the pod out of it. Returns what was there, in the devices' order. */
  async #leave({ id, netns, inode, devices }: HeldPod, deadline: Deadline): Promise<Left> {
    const { ip, pins, hostPid } = this.#options;
    const path = pins.pathOf(id, netns, inode);
    if (path === null) return { inPod: [], trouble: undefined };
    const links = await ip.podLinks(path, deadline);
    const inPod = devices.map((device) => findInPod(device, links));
    let trouble: unknown;
    for (const [at, { home }] of devices.entries()) {
      const link = inPod[at];
      if (!link) continue;
      await ip.run([leaveStep(link, home, hostPid)], path, deadline).catch((error) => {
        trouble = error; // it may be on the host all the same, under another name
      });
    }
    return { inPod, trouble };
  }

  /** Makes a device on the host what it was. Returns whether anything had to be done. */
  async #settle(
    device: HeldDevice,
    links: readonly Link[],
    inPod: Link | undefined,
    trouble: unknown,
    deadline: Deadline,
  ): Promise<boolean> {
    const { home } = device;
    const link = findOnHost(device, links, inPod);
    if (!link) throw trouble ?? new GoneError("it is neither on the host nor in the pod any more");
    if (link.name !== home.name && links.some(({ name }) => name === home.name)) {
      const now = `it is called ${printable(link.name)} until then`;
      throw new DeviceError(`the host has another interface of that name; ${now}`);
    }
    const steps = homeSteps(link, home);
    await this.#options.ip.run(steps, "", deadline);
    return inPod !== undefined || steps.length > 0;
  }

  /** Sets what is held for a pod, in the file first. */
  #keep(pod: HeldPod): void {
    const others = [...this.#held.values()].filter(({ id }) => id !== pod.id);
    this.#options.file.write(pod.devices.length === 0 ? others : [...others, pod]);
    if (pod.devices.length > 0) this.#held.set(pod.id, pod);
    else {
      this.#held.delete(pod.id);
      this.#troubles.delete(pod.id);
    }
  }

  #complain(id: string, error: unknown, doing = ""): void {
    const message = `${doing}${messageOf(error)}`;
    const { messages, pauseMs: last } = this.#troubles.get(id) ?? { messages: NONE, pauseMs: PAUSE_MS / 2 };
    const pauseMs = Math.min(2 * last, MOST_PAUSE_MS);
    const againMs = performance.now() + pauseMs;
    this.#troubles.set(id, { messages: new Set([...messages, message]), pauseMs, againMs });
    const level = error instanceof GoneError ? "warning" : "error";
    this.#options.say(messages.has(message) ? "debug" : level, message);
  }
}

interface Left {
  readonly inPod: readonly (Link | undefined)[];
  readonly trouble: unknown;
}

/** The device does not exist any more. */
class GoneError extends DeviceError {}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

function inWords({ name, podName, address, mtu }: DeviceRequest): string {
  const words = [
    ...(address ? [`address ${address.local}/${address.prefix}`] : []),
    ...(mtu === null ? [] : [`mtu ${mtu}`]),
  ];
  return `${name} as ${podName}${words.length === 0 ? "" : `, ${words.join(", ")}`}`;
}
