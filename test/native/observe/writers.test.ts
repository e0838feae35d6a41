import { execFileSync } from "node:child_process";
import { constants, existsSync, openSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { constants as os } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import { holdLock } from "../../support/hold-lock.ts";
import { useScratch } from "../../support/scratch.ts";
import { howOften } from "../../support/soak.ts";
import { bytes } from "./remote-host.ts";
import {
  anonymousKb,
  childrenOf,
  ERROR,
  fault,
  LOG,
  nameOf,
  openIn,
  PEER,
  start,
  until,
  useServer,
  useTarget,
  WRITTEN,
  write,
  writerOf,
} from "./scenes.ts";

const OFTEN = howOften(30_000, 1_000_000);

describe("writers", () => {
  test("have nothing open but their socket and what they write to", async () => {
    const remote = await start();
    const [log, error] = [await writerOf(remote, "cnitap-log"), await writerOf(remote, "cnitap-err")];
    expect([openIn(log), openIn(error)]).toEqual([["0"], ["0", "2"]]);
    const standard = new Set(["0", "1", "2"].map((fd) => readlinkSync(`/proc/${remote.child.pid}/fd/${fd}`)));
    expect(standard).not.toContain(readlinkSync(`/proc/${log}/fd/0`));
  });

  test("append lines, all of them at once, and say how many", async () => {
    const remote = await start();
    const target = useTarget();
    expect(await write(remote, LOG, target, ["one\n", "gr\u00c3\u00bcn \u00ff\n", "", "three\n"])).toEqual([
      4,
    ]);
    expect(await write(remote, LOG, { ...target, lockFile: null }, ["four\n"])).toEqual([1]);
    expect(readFileSync(target.logFile, "latin1")).toBe("one\ngr\u00c3\u00bcn \u00ff\nthree\nfour\n");
    expect(await remote.call("written", LOG)).toBe(null);
    const long = `${"l".repeat(3_000_000)}\n`;
    writeFileSync(target.logFile, "");
    expect(await write(remote, LOG, target, [long, "short\n"])).toEqual([2]);
    expect(readFileSync(target.logFile, "latin1") === `${long}short\n`).toBe(true);
    expect(await write(remote, ERROR, null, ["to ", "error\n"])).toEqual([2]);
    expect((await remote.exit()).stderr).toBe("to error\n");
  });

  test("say what a log has not taken, and why", async () => {
    const remote = await start({ via: ["prlimit", "--fsize=1000"] });
    const target = useTarget();
    const line = `${"x".repeat(299)}\n`;
    const none = { ...target, logFile: "/none/log" };
    expect(await write(remote, LOG, none, ["a\n"])).toEqual([0, fault("FAULT_LOG_OPEN"), os.errno.ENOENT]);
    expect(await write(remote, LOG, target, [line, line, line, line])).toEqual([
      3,
      fault("FAULT_LOG_SHORT"),
      0,
    ]);
    expect(await write(remote, LOG, target, [line])).toEqual([0, fault("FAULT_LOG_WRITE"), os.errno.EFBIG]);
    writeFileSync(target.logFile, "half");
    expect(await write(remote, LOG, target, [line])).toEqual([1]);
    expect(readFileSync(target.logFile, "utf8")).toBe(`half\n${line}`);
    const unlocked = { ...target, lockFile: "/none/lock" };
    expect(await write(remote, LOG, unlocked, ["b\n"])).toEqual([
      1,
      fault("FAULT_LOCK_OPEN"),
      os.errno.ENOENT,
    ]);
  });

  test("wait for a lock without anybody waiting for them, and anew for each batch", async () => {
    const remote = await start();
    const target = { ...useTarget(), lockTimeoutMs: 40 };
    const lock = await holdLock(target.lockFile);
    onTestFinished(() => lock.release());
    for (let batch = 0; batch < 3; batch++) {
      expect(await remote.call("write", LOG, target, ["late\n"])).toBe(0);
      expect(await remote.call("write", LOG, target, ["later\n"])).toBe(os.errno.EBUSY);
      expect(await remote.call("wait", 0, 0)).toBe(0);
      expect(await remote.call("wait", 60_000, 0)).toBe(WRITTEN[LOG]);
      expect(await remote.call("written", LOG)).toEqual([1, fault("FAULT_LOCK_BUSY"), 0]);
    }
  });

  test("that are stopped get what they do not take later", async () => {
    const remote = await start();
    const target = useTarget();
    const pid = await writerOf(remote, "cnitap-log");
    process.kill(pid, "SIGSTOP");
    const line = `${"s".repeat(2_000_000)}\n`;
    expect(await remote.call("write", LOG, target, [line, "end\n"])).toBe(0);
    expect(await remote.call("wait", 0, 0)).toBe(0);
    expect(await remote.call("wait", 10, 0)).toBe(0);
    expect(await remote.call("written", LOG)).toBe(null);
    process.kill(pid, "SIGCONT");
    expect(await remote.call("wait", 60_000, 0)).toBe(WRITTEN[LOG]);
    expect(await remote.call("written", LOG)).toEqual([2]);
    expect(readFileSync(target.logFile, "utf8") === `${line}end\n`).toBe(true);
  });

  test("that are killed with half of the lines have written none", async () => {
    const remote = await start();
    const target = useTarget();
    const pid = await writerOf(remote, "cnitap-log");
    process.kill(pid, "SIGSTOP");
    expect(await remote.call("write", LOG, target, ["h".repeat(2_000_000)])).toBe(0);
    process.kill(pid, "SIGKILL");
    expect(await remote.call("wait", 60_000, 0)).toBe(WRITTEN[LOG]);
    expect(await remote.call("written", LOG)).toEqual([0, -1, 0]);
    expect(await write(remote, LOG, target, ["again\n"])).toEqual([1]);
    expect(readFileSync(target.logFile, "utf8")).toBe("again\n");
  });

  test("write what they have got when the observer is killed", async () => {
    const remote = await start();
    const target = useTarget();
    const lock = await holdLock(target.lockFile);
    expect(await remote.call("write", LOG, target, ["last words\n"])).toBe(0);
    const pids = childrenOf(remote.child.pid);
    remote.child.kill("SIGKILL");
    expect((await remote.ended).signal).toBe("SIGKILL");
    expect(existsSync(target.logFile)).toBe(false);
    await lock.release();
    await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)));
    expect(readFileSync(target.logFile, "utf8")).toBe("last words\n");
  });

  test.each(["exits", "is killed"])(
    "to errors is gone when the observer %s, though nobody reads them",
    async (how) => {
      const fifo = useScratch().path("fifo");
      execFileSync("mkfifo", [fifo]);
      const stderr = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
      const remote = await start({ stderr });
      const pids = [await writerOf(remote, "cnitap-log"), await writerOf(remote, "cnitap-err")];
      expect(await remote.call("write", ERROR, null, ["x".repeat(2_000_000)])).toBe(0);
      expect(await remote.call("wait", 20, 0)).toBe(0);
      expect(await remote.call("written", ERROR)).toBe(null);
      if (how === "exits") expect((await remote.exit()).code).toBe(0);
      else remote.child.kill("SIGKILL");
      await remote.ended;
      await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)));
    },
  );

  test("do not mind that standard error is closed", async () => {
    const remote = await start({ via: ["/bin/sh", "-c", 'exec 2>&-; exec "$0" "$@"'] });
    expect(await write(remote, ERROR, null, ["nowhere\n"])).toEqual([1]);
  });
});

describe("nothing is left behind", () => {
  test("of writers that are killed, idle or not", async () => {
    const remote = await start();
    const target = useTarget();
    const lock = await holdLock(target.lockFile);
    const open = openIn(remote.child.pid).length;
    for (let count = 0; count < 50; count++) {
      expect(await remote.call("write", LOG, target, ["lost\n"])).toBe(0);
      const pid = await writerOf(remote, "cnitap-log");
      process.kill(pid, "SIGKILL");
      expect(await remote.call("wait", 60_000, 0)).toBe(WRITTEN[LOG]);
      expect(await remote.call("written", LOG)).toEqual([0, -1, 0]);
      await until(() => !existsSync(`/proc/${pid}`));
    }
    await lock.release();
    for (let count = 0; count < 50; count++) {
      expect(await write(remote, LOG, target, ["kept\n"])).toEqual([1]);
      const pid = await writerOf(remote, "cnitap-log");
      process.kill(pid, "SIGKILL");
      await until(() => !existsSync(`/proc/${pid}`));
    }
    expect(readFileSync(target.logFile, "utf8")).toBe("kept\n".repeat(50));
    expect(childrenOf(remote.child.pid).map(nameOf)).toEqual(["cnitap-err"]);
    expect(openIn(remote.child.pid).length).toBeLessThanOrEqual(open);
  });

  test("of 1,000 connections", async () => {
    const remote = await start();
    const server = await useServer();
    const open = openIn(remote.child.pid);
    for (let count = 0; count < 1_000; count++) {
      expect(await remote.call("connect", PEER, server.path)).toBe(0);
      if (count % 100 === 0) await remote.call("send", PEER, bytes(Buffer.alloc(300_000)));
      await remote.call("close", PEER);
    }
    expect(openIn(remote.child.pid)).toEqual(open);
  });

  test("of calls, in memory", { timeout: 600_000 }, async () => {
    const remote = await start({ env: { TAP_TEXT: "gr\u00fcn" } });
    const path = useScratch().path("file");
    writeFileSync(path, "gr\u00fcn");
    const pod = bytes(Buffer.from("\x0a\x05web-0\x12\x03\xc3\xbc-\x2a\x06\x0a\x01a\x12\x01b", "latin1"));
    await remote.call("fieldPaths", [[1], [2], [5, 1], [5, 2]]);
    await remote.call("loadYaml");
    const calls: [string, ...unknown[]][] = [
      ["args"],
      ["env", "TAP_TEXT"],
      ["errorName", 2],
      ["errorText", 2],
      ["readFile", path, 100],
      ["fileKind", path],
      ["isSecretKey", "gr\u00c3\u00bcn"],
      ["secretsIn", "\u00fc postgres://u:p@db/x password=hunter2"],
      ["connect", PEER, "/none"],
      ["adopt", PEER, 0],
      ["fields", pod, 0, pod.bytes.length, 0],
      ["fields", pod.bytes, 0, pod.bytes.length, 0],
      ["spans"],
      ["text", pod, 0, 12, false],
      ["keep", pod, [0, pod.bytes.length, 0, 7], 0],
      ["catchLater"],
      ["runJobs"],
      ["wait", 0, 2],
    ];
    const all = async (times: number) => {
      for (const [name, ...args] of calls)
        await remote.repeat(name === "catchLater" ? 9 : times, name, ...args);
      await remote.call("collect");
    };
    await all(2_000);
    const before = anonymousKb(remote.child.pid);
    await all(OFTEN);
    expect(anonymousKb(remote.child.pid) - before).toBeLessThan(64);
  });

  test("of lines that were handed over, in the memory of any process", async () => {
    const remote = await start();
    const target = useTarget();
    const pids = [remote.child.pid, await writerOf(remote, "cnitap-log")];
    const batch = async (lines: readonly string[]) => {
      for (let count = 0; count < 40; count++)
        expect(await write(remote, LOG, target, lines)).toEqual([lines.length]);
      await write(remote, LOG, target, [`${"l".repeat(4_000_000)}\n`]);
      writeFileSync(target.logFile, "");
      await remote.call("collect");
    };
    const lines = Array.from({ length: 100 }, (_, index) => `${index} ${"gr\u00c3\u00bcn".repeat(50)}\n`);
    await batch(lines);
    const before = pids.map(anonymousKb);
    for (let count = 0; count < 3; count++) await batch(lines);
    for (const [index, pid] of pids.entries())
      expect(anonymousKb(pid) - (before[index] ?? 0)).toBeLessThan(256);
  });
});
