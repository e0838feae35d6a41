import { describe, expect, it } from "vitest";
import { WRITER } from "../../src/native/observe-host.ts";
import { ErrorLog } from "../../src/observe/error-log.ts";
import type { ObserverReport, Saying } from "../../src/observe/observer.ts";
import { PodReader } from "../../src/observe/pod-record.ts";
import { partOf } from "../../src/observe/reports.ts";
import { podNumber, sentenceOf } from "../cli/observe/support/pods.ts";
import { TwinObserveHost } from "../native/twin/twin-observe-host.ts";
import { recordOf } from "./support/records.ts";
import { Turns } from "./support/turns.ts";

function logged(world: Partial<TwinObserveHost["world"]> = {}) {
  const host = new TwinObserveHost(world);
  const turns = new Turns(host);
  host.clock = 12_345;
  const log = new ErrorLog(host, turns.loop);
  const tell = (report: ObserverReport) =>
    log.tell(partOf(report, report.pods, new PodReader(host)), report.pods.length);
  return { host, turns, log, tell, lines: () => host.lines(WRITER.error) };
}

function reportOf(
  saying: Saying,
  numbers: readonly number[],
  sentence: string | null = null,
): ObserverReport {
  const pods = numbers.map(
    (number) => ({ event: "Synchronize", saying, record: recordOf(podNumber(number)) }) as const,
  );
  return { timeMs: 0, sentence, pods };
}

/** The message of a line. */
function messageOf(line: string): string {
  const said = / msg=(.*)\n$/.exec(line)?.[1] ?? "";
  return said.startsWith('"') ? String(JSON.parse(said)) : said;
}

describe("a message", () => {
  it.each<[string, Partial<TwinObserveHost["world"]>, string]>([
    [
      "on a terminal is coloured",
      { terminal: true },
      `\x1b[33mWARNING\x1b[0m[0012] ${"so it is".padEnd(44)} \n`,
    ],
    [
      "with an empty NO_COLOR, too",
      { terminal: true, env: { NO_COLOR: "" } },
      `\x1b[33mWARNING\x1b[0m[0012] ${"so it is".padEnd(44)} \n`,
    ],
    [
      "with NO_COLOR is not",
      { terminal: true, env: { NO_COLOR: "1" } },
      `WARNING[0012] ${"so it is".padEnd(44)} \n`,
    ],
  ])("%s", async (_, world, line) => {
    const { turns, log, lines } = logged(world);
    log.say("warning", "so it is");
    await turns.pass();
    expect(lines()).toEqual([line]);
  });

  it("elsewhere has its time and level; its writer gets no target", async () => {
    const { host, turns, log, lines } = logged({ env: { NO_COLOR: "1" } });
    log.say("error", 'so it "is"\x1b');
    await turns.pass();
    expect(lines()).toEqual([
      expect.stringMatching(
        /^time="2025-11-2[01]T\d\d:\d\d:00(Z|[+-]\d\d:\d\d)" level=error msg="so it \\"is\\"\\x1b"\n$/,
      ),
    ]);
    expect(host.batches[0]).toMatchObject({ writer: WRITER.error, target: null });
  });

  it("is UTF-8", async () => {
    const { turns, log, lines } = logged();
    log.say("info", "Größe –");
    await turns.pass();
    expect(lines().map(messageOf)).toEqual(["Größe –"]);
  });
});

it.each<[Saying, "" | "Started" | "Stopped" | "Removed"]>([
  ["found", ""],
  ["started", "Started"],
  ["stopped", "Stopped"],
  ["removed", "Removed"],
])("a pod that was %s is told with its facts", async (saying, verb) => {
  const { turns, tell, lines } = logged();
  tell(reportOf(saying, [1]));
  await turns.pass(10);
  expect(lines().map(messageOf)).toEqual([sentenceOf(verb, 1)]);
});

it("an event's own sentence comes before those of its pods", async () => {
  const { turns, tell, lines } = logged();
  tell(reportOf("vanished", [1, 2], "Synchronized"));
  tell({ timeMs: 0, sentence: "Runtime shutting down...", pods: [] });
  await turns.pass(20);
  const vanished = [1, 2].map(
    (number) => `Vanished pod default/web-${number}: ips=[10.0.0.${number}] id=id-${number}`,
  );
  expect(lines().map(messageOf)).toEqual(["Synchronized", ...vanished, "Runtime shutting down..."]);
});

describe("standard error that nobody reads", () => {
  it("costs the oldest lines, and says how many", async () => {
    const { host, turns, log, lines } = logged();
    host.answers = () => null;
    log.say("info", "first");
    await turns.pass();
    for (let i = 1; i <= 10_010; i++) log.say("info", `m ${i}`);
    await turns.pass(100);
    expect(lines()).toHaveLength(1);
    host.answers = ({ lines: all }) => [all.length];
    host.answer(WRITER.error, [1]);
    await turns.pass(200);
    const messages = lines().map(messageOf);
    expect(messages.slice(0, 3)).toEqual([
      "first",
      "10 lines were not written here: nobody read them",
      "m 11",
    ]);
    expect(messages.at(-1)).toBe("m 10010");
    expect(lines()[1]).toContain(" level=warning ");
  });

  it("does not delay the end for longer than it may", async () => {
    const { host, turns, log } = logged();
    host.answers = () => null;
    log.say("info", "first");
    await turns.pass();
    log.say("info", "second");
    const lost = log.end(100);
    await turns.pass(100);
    expect(await lost).toBe(2);
  });
});

it("a standard error for which there can be no process costs its lines and nothing else", async () => {
  const { host, turns, log, lines } = logged();
  host.writeErrno = "EAGAIN";
  log.say("info", "lost");
  await turns.pass(10);
  host.writeErrno = null;
  log.say("info", "there");
  await turns.pass(10);
  expect(lines().map(messageOf)).toEqual(["there"]);
  expect(await log.end(0)).toBe(0);
});
