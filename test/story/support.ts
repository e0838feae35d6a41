import { parseLogLine } from "../../src/log/log-line.ts";
import { Stories, type StoriesOptions } from "../../src/story/stories.ts";
import type { PodStory, Strays } from "../../src/story/story.ts";

const START = Date.UTC(2026, 10, 21, 12, 0, 0);

/** Who a line is about. `at`: milliseconds since the log's start. */
export interface About {
  readonly at: number;
  readonly id?: string;
  readonly pod?: string;
  readonly ifname?: string;
  readonly network?: string;
  readonly netns?: string;
  readonly pid?: number;
}

export const NETNS = "/var/run/netns/cni-1";
export const RESULT = {
  cniVersion: "1.0.0",
  interfaces: [{ name: "eth0", sandbox: NETNS }],
  ips: [{ address: "10.1.2.3/24", gateway: "10.1.2.1", interface: 0 }],
};

function timeAt(at: number): string {
  const micros = Math.round(at * 1000);
  const date = new Date(START + Math.floor(micros / 1000)).toISOString();
  return `${date.slice(0, -1)}${String(micros % 1000).padStart(3, "0")}Z`;
}

function head(command: string, tap: string, about: About) {
  const {
    at,
    id = "c1",
    pod = "default/web-0",
    ifname = "eth0",
    network = "net",
    netns = NETNS,
    pid = 1,
  } = about;
  const [namespace = "", name = ""] = pod.split("/");
  return {
    ...{ v: 1, time: timeAt(at), tap, build: "0.1.0", pid, command, containerId: id },
    ...{ network, cniVersion: "1.0.0", ifname, netns },
    args: { K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name },
  };
}

export function tapLine(command: string, tap: "pre" | "post", about: About, payload: object = {}): string {
  const isResult = command === "ADD" && tap === "post";
  const content = isResult ? { output: { ...RESULT, ...payload } } : { input: { name: "net", ...payload } };
  return JSON.stringify({ ...head(command, tap, about), ...content });
}

export function beginLine(command: string, plugin: string, about: About, input: object = {}): string {
  return JSON.stringify({ ...head(command, "wrap", about), plugin, input });
}

/** How a plugin ended; `ms` is 5 unless told otherwise. */
export interface Ended {
  readonly ms?: number;
  readonly exit?: number;
  readonly signal?: number;
  readonly stderr?: string;
  readonly output?: unknown;
}

export function endLine(command: string, plugin: string, about: About, ended: Ended = {}): string {
  const { ms = 5, exit = 0, signal, stderr, output = command === "ADD" ? RESULT : null } = ended;
  return JSON.stringify({
    ...{ ...head(command, "wrap", about), plugin, ms },
    ...(signal === undefined ? { exit } : { signal }),
    ...(stderr === undefined ? {} : { stderr }),
    output,
  });
}

export function podLine(event: string, about: About, ips: readonly string[] = ["10.1.2.3"]): string {
  const { at, id = "c1", pod = "default/web-0", netns = NETNS } = about;
  const [namespace = "", name = ""] = pod.split("/");
  const facts = { namespace, name, uid: "u1", netns, ips, labels: {} };
  return JSON.stringify({ v: 1, time: timeAt(at), nri: event, containerId: id, pod: facts });
}

/** The stories of these lines, in the order in which they were closed, and what else was there. */
export function readLines(
  lines: readonly string[],
  options: Omit<StoriesOptions, "close"> = {},
): { stories: PodStory[]; strays: Strays; closedEarly: number } {
  const closed: PodStory[] = [];
  const stories = new Stories({ ...options, close: (story) => closed.push(story) });
  lines.forEach((line, at) => {
    stories.add(at + 1, line, parseLogLine(line));
  });
  stories.end();
  return { stories: closed, strays: stories.strays, closedEarly: stories.closedEarly };
}
