import { execFile, spawnSync } from "node:child_process";
import { printable } from "../../log/printable.ts";
import { DeviceError } from "./device-error.ts";
import { hasOwnRoutes, type Link, readLinks, readRouteDevices } from "./links.ts";
import type { Step } from "./steps.ts";

/** A plugin that a runtime launches has no PATH. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** A node with thousands of interfaces has some megabytes of them. */
const MOST_OUTPUT_BYTES = 64 << 20;
const QUOTED_CHARACTERS = 300;
const CHECK_MS = 1000;
const NEEDS = "It needs iproute2's ip, and nsenter, mount and umount of util-linux.";

/** When something must be done: a point of performance.now(), in milliseconds. */
export type Deadline = number;

/**
 * Runs a program without a shell. Returns what it printed.
 * @param doing completes "cannot …"
 * @throws {DeviceError} if it fails or is not done in time; it is killed then
 */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  doing: string,
  deadline: Deadline,
): Promise<string> {
  const timeout = Math.floor(deadline - performance.now());
  const late = () => new DeviceError(`cannot ${doing}: it took too long`);
  if (timeout <= 0) return Promise.reject(late());
  return new Promise((resolve, reject) => {
    // A process that hangs in a system call is not ended by the signal: do not wait for it.
    const timer = setTimeout(() => reject(late()), timeout);
    const options = { timeout, killSignal: "SIGKILL", maxBuffer: MOST_OUTPUT_BYTES, env: { PATH } } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      clearTimeout(timer);
      if (!error) return resolve(stdout);
      if (error.killed) return reject(late());
      const missing = error.code === "ENOENT" ? `${program} is not installed` : "";
      const said = (missing || stderr.trim() || error.message).replace(/^(?:RTNETLINK answers|Error): /, "");
      reject(new DeviceError(`cannot ${doing}: ${printable(said.slice(0, QUOTED_CHARACTERS))}`));
    });
  });
}

/** ip(8) of iproute2, on the host and in pods. */
export class Ip {
  /**
   * Checks that the programs are there and do what is needed, before anything waits for it.
   * @throws {DeviceError} if not
   */
  check(): void {
    const calls = [
      ["ip", ...SHOW],
      ...["nsenter", "mount", "umount"].map((program) => [program, "--version"]),
    ];
    for (const [program = "", ...args] of calls) {
      const options = { env: { PATH }, timeout: CHECK_MS, maxBuffer: MOST_OUTPUT_BYTES } as const;
      const { error, status, stdout, stderr } = spawnSync(program, args, { ...options, encoding: "utf8" });
      const missing = error && "code" in error && error.code === "ENOENT" ? "it is not installed" : "";
      const seen = missing || error?.message || stderr.trim() || `it ended with ${status}`;
      if (status !== 0) throw new DeviceError(`Cannot use ${program}: ${printable(seen)}. ${NEEDS}`);
      if (program === "ip") readLinks(stdout);
    }
  }

  async hostLinks(deadline: Deadline): Promise<Link[]> {
    return readLinks(await runProgram(["ip", ...SHOW], "see the host's interfaces", deadline));
  }

  /** @param netns the path of its network namespace */
  async podLinks(netns: string, deadline: Deadline): Promise<Link[]> {
    return readLinks(await runProgram([...enter(netns), ...SHOW], "see the pod's interfaces", deadline));
  }

  /** The host's interfaces that default routes go out of. */
  async defaultRouteDevices(deadline: Deadline): Promise<string[]> {
    const texts = await Promise.all(FAMILIES.map((family) => showRoutes(family, ["default"], deadline)));
    return texts.flatMap(readRouteDevices);
  }

  /** Those of some interfaces of the host that have routes besides those of their addresses. */
  async routeDevices(names: readonly string[], deadline: Deadline): Promise<string[]> {
    const routed = await Promise.all(names.map((name) => this.#hasRoutes(name, deadline)));
    return names.filter((_, at) => routed[at]);
  }

  async #hasRoutes(name: string, deadline: Deadline): Promise<boolean> {
    const texts = await Promise.all(FAMILIES.map((family) => showRoutes(family, ["dev", name], deadline)));
    return texts.some(hasOwnRoutes);
  }

  async run({ where, doing, args }: Step, netns: string, deadline: Deadline): Promise<void> {
    await runProgram([...(where === "pod" ? enter(netns) : IP), ...args], doing, deadline);
  }
}

const FAMILIES = ["-4", "-6"] as const;
const IP = ["ip"] as const;
const SHOW = ["-j", "-d", "address", "show"] as const;

function showRoutes(family: string, what: readonly string[], deadline: Deadline): Promise<string> {
  const command = ["ip", family, "-j", "route", "show", ...what] as const;
  return runProgram([...command], "see the host's routes", deadline);
}

function enter(netns: string): [string, ...string[]] {
  return ["nsenter", `--net=${netns}`, "--", "ip"];
}
