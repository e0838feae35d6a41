import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { type Scratch, useScratch } from "../../support/scratch.ts";
import { buildTerminal } from "../../support/terminal.ts";
import { type Observing, observeRuntime } from "./support/observing.ts";
import { podNumber, runPods, sentenceOf, tell } from "./support/pods.ts";

const STOP_OUTPUT = "\x13"; // Ctrl-S
const START_OUTPUT = "\x11"; // Ctrl-Q

async function observeOnTerminal(env: Readonly<Record<string, string>> = {}) {
  const scratch = useScratch();
  const via = [buildTerminal(scratch.path("terminal")), "-e"];
  const args = ["--log-file", scratch.logFile];
  return { scratch, ...(await observeRuntime({ args, env, via, terminal: true })) };
}

/** Types Ctrl-S, and has the observer write until nothing more is shown. */
async function stopTerminal(observing: Observing, writeMore: () => Promise<void>): Promise<void> {
  observing.child.stdin?.write(STOP_OUTPUT);
  for (let before = -1; before !== observing.err.length; await delay(20)) {
    before = observing.err.length;
    await writeMore();
  }
}

function runsIn(scratch: Scratch): number {
  return scratch.linesSoFar().filter((line) => line.startsWith("NRI_EVENT=RunPodSandbox,")).length;
}

/** Sends events of 100 pods while the terminal is stopped. Returns when the log has them all. */
async function runOnStoppedTerminal() {
  const { observing, connection, scratch } = await observeOnTerminal();
  await connection.start();
  await waitFor("the first lines", () => observing.err.includes("Synchronized"));
  await stopTerminal(observing, () => tell(connection, "stop", podNumber(0)));
  await runPods(connection, 0, 100);
  await waitFor("the log", () => runsIn(scratch) === 100);
  return { observing, connection, scratch };
}

/** A line as logrus shows it; the terminal puts a carriage return before each line feed. */
function shown(title: string, message: string): string {
  return `${title}[0000] ${message.padEnd(44)} \r\n`;
}

const CONNECTED = [
  "Created plugin 10-network-logger (cnitap, handles RunPodSandbox,StopPodSandbox,RemovePodSandbox)",
  "Registering plugin 10-network-logger using NRI version v0.12.2...",
  "Configuring plugin 10-network-logger for runtime containerd/v2.3.4 (NRI version v0.12.0)...",
  "Started plugin 10-network-logger...",
];

describe("on a terminal", () => {
  it.each([
    ["coloured", {}, "\x1b[36mINFO   \x1b[0m"],
    ["coloured if NO_COLOR is empty,", { NO_COLOR: "" }, "\x1b[36mINFO   \x1b[0m"],
    ["plain if NO_COLOR is set,", { NO_COLOR: "1" }, "INFO   "],
  ])("lines are %s as logrus shows them", async (_, env, info) => {
    const { observing, connection } = await observeOnTerminal(env);
    await connection.start({ pods: [podNumber(1)] });
    await tell(connection, "remove", podNumber(1));
    await waitFor("the last line", () => observing.err.includes("Removed pod"));
    expect(await observing.end()).toEqual({ code: 0, signal: null });
    // Seconds since the start, which a slow machine may exceed.
    expect(observing.err.replace(/\[000\d\]/g, "[0000]")).toBe(
      [
        ...CONNECTED,
        "Synchronized state with the runtime (1 pods, 0 containers)...",
        sentenceOf("", 1),
        sentenceOf("Removed", 1),
      ]
        .map((message) => shown(info, message))
        .join(""),
    );
  });

  it("that is stopped, no event waits, and all sentences are shown when it goes on", async () => {
    const { observing } = await runOnStoppedTerminal();
    observing.child.stdin?.write(START_OUTPUT);
    await waitFor("the last sentence", () => observing.err.includes(sentenceOf("Started", 99)));
    expect(observing.err.match(/Started pod/g)).toHaveLength(100);
  });

  it("that is stopped, SIGTERM ends the observer", async () => {
    const { observing, connection, scratch } = await runOnStoppedTerminal();
    await observing.end();
    await connection.closed;
    expect(runsIn(scratch)).toBe(100);
  });
});
