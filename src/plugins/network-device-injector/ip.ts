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
 * @param doing completes "cannot …"; it may depend on what the program says on standard error
 * @throws {DeviceError} if it fails or is not done in time; it is killed then
 */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  doing: string | ((said: string) => string),
  deadline: Deadline,
  input = "",
): Promise<string> {
  const timeout = Math.floor(deadline - performance.now());
  const fault = (said: string, why: string) =>
    new DeviceError(`cannot ${typeof doing === "string" ? doing : doing(said)}: ${why}`);
  const late = () => fault("", "it took too long");
  if (timeout <= 0) return Promise.reject(late());
  return new Promise((resolve, reject) => {
    // A process that hangs in a system call is not ended by the signal: do not wait for it.
    const timer = setTimeout(() => reject(late()), timeout);
    const options = { timeout, killSignal: "SIGKILL", maxBuffer: MOST_OUTPUT_BYTES, env: { PATH } } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      clearTimeout(timer);
      if (!error) return resolve(stdout);
      if (error.killed) return reject(late());
      const missing = error.code === "ENOENT" ? `${program} is not installed` : "";
      const [line = ""] = (missing || stderr.trim() || error.message).split("\n");
      const said = line.replace(/^(?:RTNETLINK answers|Error): /, "");
      reject(fault(stderr, printable(said.slice(0, QUOTED_CHARACTERS))));
    });
    child.stdin?.on("error", () => {}).end(input); // it has ended early: its exit code tells
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

  /**
   * Carries out steps in their order, with as few processes as there can be.
   * @param netns the path of the pod's network namespace
   * @throws {DeviceError} what the first step that fails is for, and why
   */
  async run(steps: readonly Step[], netns: string, deadline: Deadline): Promise<void> {
    for (const group of groupsOf(steps)) {
      const [first] = group;
      if (!first) continue;
      const program = first.where === "pod" ? enter(netns) : IP;
      if (group.length === 1) await runProgram([...program, ...first.args], first.doing, deadline);
      else await runBatch([...program, "-batch", "-"], group, deadline);
    }
  }
}

/** Steps that one process can carry out: in the same namespace, and of plain words, since a batch is parsed. */
function groupsOf(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    if (last && before && before.where === step.where && isPlain(before) && isPlain(step)) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

function isPlain({ args }: Step): boolean {
  return args.every((arg) => /^[\w./:@+-]+$/.test(arg));
}

async function runBatch(
  command: readonly [string, ...string[]],
  steps: readonly Step[],
  deadline: Deadline,
): Promise<void> {
  const lines = steps.map(({ args }) => `${args.join(" ")}\n`).join("");
  const doingAt = (said: string) => {
    const line = Number(/^Command failed -:(\d+)$/m.exec(said)?.[1] ?? 1);
    return steps[line - 1]?.doing ?? "";
  };
  await runProgram(command, doingAt, deadline, lines);
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
