import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { UNFIT } from "../../src/log/fitness.ts";
import { FAULTS } from "../../src/native/host.ts";
import { WRITER } from "../../src/native/observe-host.ts";
import type { ObserverReport } from "../../src/observe/observer.ts";
import { readSettings } from "../../src/observe/observer-settings.ts";
import { PodLog } from "../../src/observe/pod-log.ts";
import { PodReader } from "../../src/observe/pod-record.ts";
import { partOf } from "../../src/observe/reports.ts";
import { classicPodLineOf, podNumber } from "../cli/observe/support/pods.ts";
import { type TwinAnswer, TwinObserveHost } from "../native/twin/twin-observe-host.ts";
import { recordOf } from "./support/records.ts";
import { Turns } from "./support/turns.ts";

const KEPT = "; up to 10000 lines are kept and retried";
const { ENOSPC, EIO, ELOOP, EAGAIN } = constants.errno;

function logged(keys: Readonly<Record<string, unknown>> = {}) {
  const host = new TwinObserveHost();
  const turns = new Turns(host);
  const said: string[] = [];
  const pods = new PodReader(host);
  const { settings } = readSettings({ logFile: "/ü.log", lockFile: "/ü.lock", ...keys });
  const log = new PodLog(
    host,
    turns.loop,
    settings,
    (level, message) => void said.push(`${level}: ${message}`),
  );
  const add = (report: ObserverReport) => log.add(partOf(report, report.pods, pods), report.pods.length);
  return { host, turns, log, add, said, lines: () => host.lines(WRITER.log) };
}

function reportOf(...numbers: readonly number[]): ObserverReport {
  const pods = numbers.map((number) => recordOf(podNumber(number)));
  const told = pods.map((record) => ({ event: "RunPodSandbox", saying: "started", record }) as const);
  return { timeMs: 1_763_674_680_123.5, sentence: null, pods: told };
}

const lineOf = (number: number) => `${classicPodLineOf("RunPodSandbox", number)}\n`;

/** The number of a fault by its name. */
function fault(name: string): number {
  return FAULTS.findIndex(([one]) => one === name);
}

/** Writes nothing, and tells faults. */
const failing =
  (...faults: readonly number[]): TwinAnswer =>
  () => [0, ...faults];

describe("lines", () => {
  it("of an event are written at once, those of a burst together", async () => {
    const { host, turns, add, lines } = logged();
    add(reportOf(1));
    add(reportOf(2));
    add(reportOf(3, 4));
    await turns.pass(1);
    expect(lines()).toEqual([lineOf(1)]);
    await turns.pass(5);
    expect(lines()).toEqual([1, 2, 3, 4].map(lineOf));
    expect(host.batches).toHaveLength(2);
    expect(host.batches[0]?.target).toEqual({
      ...{
        logFile: Buffer.from("/ü.log").toString("latin1"),
        lockFile: Buffer.from("/ü.lock").toString("latin1"),
      },
      ...{ lockTimeoutMs: 200, logMaxBytes: 104857600 },
    });
  });

  it("have the settings that hold when their event comes, and go to the file that holds when they are written", async () => {
    const { host, turns, log, add, lines } = logged();
    host.answers = () => null; // the first is under way
    add(reportOf(1));
    await turns.pass();
    add(reportOf(2));
    log.settings = readSettings({ logFormat: "json", label: "nöde", logFile: "/other" }).settings;
    add(reportOf(3));
    log.note("a note");
    host.answers = ({ lines: all }) => [all.length];
    host.answer(WRITER.log, [1]);
    await turns.pass(10);
    const [first, second, third, note] = lines();
    expect([first, second]).toEqual([1, 2].map(lineOf));
    expect(JSON.parse(third ?? "")).toMatchObject({
      ...{ time: "2025-11-20T21:38:00.123500Z", nri: "RunPodSandbox", containerId: "id-3", label: "nöde" },
    });
    expect(JSON.parse(note ?? "")).toMatchObject({ nri: null, note: "a note", label: "nöde" });
    expect(host.batches.map(({ target }) => target?.logFile)).toEqual([expect.any(String), "/other"]);
  });

  it("have no secrets, unless they are to have them", async () => {
    const { turns, log, add, lines } = logged({ logFormat: "json" });
    const labels = { token: "s3cret" };
    const pods = [
      { event: "RunPodSandbox", saying: "started", record: recordOf({ id: "p", labels }) } as const,
    ];
    add({ timeMs: 0, sentence: null, pods });
    await turns.pass(5);
    log.settings = readSettings({ logFormat: "json", redact: false }).settings;
    add({ timeMs: 0, sentence: null, pods });
    await turns.pass(5);
    expect(lines().map((line) => JSON.parse(line).pod.labels.token)).toEqual([
      "[redacted 6 bytes]",
      "s3cret",
    ]);
  });

  it("that are many go in several writes, in order", async () => {
    const { host, turns, add, lines } = logged();
    const numbers = Array.from({ length: 3_000 }, (_, i) => i);
    add(reportOf(...numbers));
    await turns.pass(100);
    expect(lines()).toEqual(numbers.map(lineOf));
    expect(host.batches.length).toBeGreaterThan(3);
    for (const { lines: some } of host.batches) expect(some.join("").length).toBeLessThan(66 << 10);
  });
});

describe("a fault", () => {
  it.each<[string, readonly number[], string]>([
    ["FAULT_LOG_OPEN", [ENOSPC], "Cannot open /ü.log: no space left on the device"],
    ["FAULT_LOG_OPEN", [ELOOP], "Cannot open /ü.log: it is a symbolic link"],
    ["FAULT_LOG_WRITE", [EIO], "Cannot write to /ü.log: EIO"],
    ["FAULT_LOCK_OPEN", [constants.errno.EACCES], "Cannot open /ü.lock: permission denied"],
    ["FAULT_LOG_SHORT", [0], "Cannot write to /ü.log: it took only a part of the line"],
    ["FAULT_LOG_FULL", [0], "Cannot write to /ü.log: over twice logMaxBytes and not rotated"],
    ["FAULT_LOCK_BUSY", [0], "Cannot lock /ü.lock: held elsewhere for all of 200 ms, wrote without it"],
    ["FAULT_ROTATE_SWAP", [EIO], "Cannot rotate /ü.log: it cannot change places with its .1: EIO"],
    ...UNFIT.slice(1).map(([, words], at): [string, readonly number[], string] => [
      ...(["FAULT_LOG_UNFIT", [at + 1], `Cannot use /ü.log: ${words}`] as const),
    ]),
  ])("%s %j is said", async (name, [detail = 0], words) => {
    const { host, turns, add, said } = logged();
    host.answers = failing(fault(name), detail);
    add(reportOf(1));
    await turns.pass();
    expect(said).toEqual([`warning: ${words}${KEPT}`]);
  });

  it("is said once while it lasts, and its end once; all lines are written", async () => {
    const { host, turns, add, said, lines } = logged();
    host.answers = failing(fault("FAULT_LOG_WRITE"), ENOSPC);
    for (let i = 0; i < 5; i++) {
      add(reportOf(i));
      await turns.pass(1_000);
    }
    expect(said).toEqual([`warning: Cannot write to /ü.log: no space left on the device${KEPT}`]);
    host.batches.length = 0;
    host.answers = ({ lines: all }) => [all.length];
    await turns.pass(1_000);
    expect(said.slice(1)).toEqual(["info: Writing to /ü.log again"]);
    expect(lines()).toEqual([0, 1, 2, 3, 4].map(lineOf));
    add(reportOf(6));
    await turns.pass(10);
    expect(said).toHaveLength(2);
    host.answers = failing(fault("FAULT_LOG_WRITE"), ENOSPC);
    add(reportOf(7));
    await turns.pass(10);
    expect(said).toHaveLength(3);
  });

  it("that changes is said again", async () => {
    const { host, turns, add, said } = logged();
    host.answers = failing(fault("FAULT_LOG_WRITE"), ENOSPC);
    add(reportOf(1));
    await turns.pass(500);
    host.answers = failing(fault("FAULT_LOG_WRITE"), EIO);
    await turns.pass(1_000);
    expect(said).toEqual([
      `warning: Cannot write to /ü.log: no space left on the device${KEPT}`,
      `warning: Cannot write to /ü.log: EIO${KEPT}`,
    ]);
  });

  it("with which the lines were written all the same is said without that they are kept, nor that it is over", async () => {
    const { host, turns, add, said, lines } = logged();
    host.answers = ({ lines: all }) => [all.length, fault("FAULT_LOCK_BUSY"), 0];
    for (const number of [1, 2]) {
      add(reportOf(number));
      await turns.pass(10);
    }
    host.answers = ({ lines: all }) => [all.length];
    add(reportOf(3));
    await turns.pass(10);
    expect(said).toEqual([
      "warning: Cannot lock /ü.lock: held elsewhere for all of 200 ms, wrote without it",
    ]);
    expect(lines()).toEqual([1, 2, 3].map(lineOf));
  });

  it("of two kinds at once is one sentence", async () => {
    const { host, turns, add, said } = logged();
    host.answers = failing(fault("FAULT_LOCK_BUSY"), 0, fault("FAULT_LOG_WRITE"), ENOSPC);
    add(reportOf(1));
    await turns.pass();
    const lock = "Cannot lock /ü.lock: held elsewhere for all of 200 ms, wrote without it";
    expect(said).toEqual([`warning: ${lock}; Cannot write to /ü.log: no space left on the device${KEPT}`]);
  });

  it("after some lines writes the others again, and only them", async () => {
    const { host, turns, add, lines, said } = logged();
    host.answers = ({ lines: all }) => [Math.min(2, all.length), fault("FAULT_LOG_SHORT"), 0];
    add(reportOf(1, 2, 3, 4));
    await turns.pass();
    expect(said).toEqual([`warning: Cannot write to /ü.log: it took only a part of the line${KEPT}`]);
    host.answers = ({ lines: all }) => [all.length];
    await turns.pass(1_000);
    expect(lines()).toEqual([1, 2, 3, 4, 3, 4].map(lineOf));
  });

  it("of the process that writes is said, and the next one gets the lines", async () => {
    const { host, turns, add, lines, said } = logged();
    host.answers = failing(-1, 0);
    add(reportOf(1));
    await turns.pass();
    expect(said).toEqual([`warning: Cannot write to /ü.log: the process that writes it has died${KEPT}`]);
    host.batches.length = 0;
    host.answers = ({ lines: all }) => [all.length];
    await turns.pass(1_000);
    expect(lines()).toEqual([lineOf(1)]);
  });

  it("is that there can be no such process, too", async () => {
    const { host, turns, add, lines, said } = logged();
    host.writeErrno = "EAGAIN";
    add(reportOf(1));
    await turns.pass();
    expect(said).toEqual([`warning: Cannot write to /ü.log: EAGAIN${KEPT}`]);
    expect(EAGAIN).toBeGreaterThan(0);
    host.writeErrno = null;
    await turns.pass(1_000);
    expect(lines()).toEqual([lineOf(1)]);
    expect(said.at(-1)).toBe("info: Writing to /ü.log again");
  });
});

describe("too many lines", () => {
  it("lose the oldest, and the log says how many are missing", async () => {
    const { host, turns, add, lines } = logged();
    host.answers = () => null;
    add(reportOf(0));
    await turns.pass();
    for (let i = 1; i <= 10_050; i++) add(reportOf(i));
    host.answers = ({ lines: all }) => [all.length];
    host.answer(WRITER.log, [1]);
    await turns.pass(100);
    const [first, note, second] = lines();
    expect([first, second]).toEqual([lineOf(0), lineOf(51)]);
    expect(note).toBe("50 pod lines are missing here: too many were waiting\n");
    expect(lines()).toHaveLength(10_002);
  });
});

describe("the end", () => {
  it("waits for the lines under way, and writes those that wait", async () => {
    const { host, turns, log, add, lines } = logged();
    host.answers = () => null;
    add(reportOf(1));
    await turns.pass();
    add(reportOf(2));
    const lost = log.end(600);
    await turns.pass(300);
    host.answers = ({ lines: all }) => [all.length];
    host.answer(WRITER.log, [1]);
    await turns.pass(10);
    expect(await lost).toBe(0);
    expect(lines()).toEqual([1, 2].map(lineOf));
  });

  it("counts what is not written in time", async () => {
    const { host, turns, log, add } = logged();
    host.answers = () => null;
    add(reportOf(1, 2));
    await turns.pass();
    add(reportOf(3));
    const lost = log.end(600);
    await turns.pass(600);
    expect(await lost).toBe(3);
  });

  it("tries once what could not be written, and counts it", async () => {
    const { host, turns, log, add } = logged();
    host.answers = failing(fault("FAULT_LOG_WRITE"), ENOSPC);
    add(reportOf(1, 2));
    await turns.pass();
    const lost = log.end(600);
    await turns.pass(10);
    expect(await lost).toBe(2);
    expect(host.batches).toHaveLength(2);
  });
});
