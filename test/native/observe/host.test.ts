import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { constants, existsSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { constants as os } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FAULTS } from "../../../src/native/host.ts";
import { holdLock } from "../../support/hold-lock.ts";
import { useScratch } from "../../support/scratch.ts";
import { howOften } from "../../support/soak.ts";
import { buildRemote, bytes, RemoteHost, type RemoteOptions } from "./remote-host.ts";

const OFTEN = howOften(30_000, 1_000_000);
const LOG = 0;
const ERROR = 1;
const PEER = 1;
const SIGNAL = 1;
const PEER_READY = 1 << (1 + PEER);
const WRITTEN = [1 << 3, 1 << 4] as const;
const fault = (name: string) => FAULTS.findIndex(([code]) => code === name);

let executable: string;
beforeAll(async () => {
  executable = process.env.CNITAP_OBSERVE_REMOTE ?? (await buildRemote());
});

let running: RemoteHost[] = [];
afterEach(async () => {
  for (const remote of running) remote.child.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
});

async function start(options: RemoteOptions = {}): Promise<RemoteHost> {
  const remote = await RemoteHost.start(executable, options);
  running.push(remote);
  return remote;
}

/** Where lines go; the lock is the log's own. */
function useTarget() {
  const scratch = useScratch();
  return { logFile: scratch.logFile, lockFile: scratch.lockFile, lockTimeoutMs: 5000, logMaxBytes: 0 };
}

/** Hands lines over and waits for what becomes of them. */
async function write(remote: RemoteHost, writer: number, target: unknown, lines: readonly string[]) {
  expect(await remote.call("write", writer, target, lines)).toBe(0);
  expect(await remote.call("wait", 60_000, 0)).toBe(WRITTEN[writer]);
  return remote.call("written", writer);
}

/** A server that gives its connections one by one. */
async function useServer() {
  const path = useScratch().path("server");
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const connect = async (remote: RemoteHost): Promise<Socket> => {
    const connection = once(server, "connection");
    expect(await remote.call("connect", PEER, path)).toBe(0);
    const [socket] = (await connection) as [Socket];
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { path, connect };
}

function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return ""; // gone in between
  }
}

/** The process of a writer, which takes its name a little after its start. */
async function writerOf(remote: RemoteHost, name: string): Promise<number> {
  let pid: number | undefined;
  await until(() => {
    pid = childrenOf(remote.child.pid).find((child) => nameOf(child) === name);
    return pid !== undefined;
  });
  return pid ?? 0;
}

const openIn = (pid: number | undefined) => readdirSync(`/proc/${pid}/fd`);

function anonymousKb(pid: number | undefined): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(2);
}

describe("functions of the process", () => {
  test("tell what there is", async () => {
    const remote = await start({ env: { TAP_TEXT: "gr\u00fcn" } });
    expect(await remote.call("args")).toEqual([executable, expect.stringMatching(/socket$/)]);
    expect(await remote.call("env", "TAP_TEXT")).toBe("gr\u00c3\u00bcn");
    expect(await remote.call("env", "TAP_NONE")).toBe(null);
    expect(await remote.call("errorText", os.errno.ENOENT)).toBe("No such file or directory");
    for (const [name, errno] of Object.entries(os.errno)) {
      if (["EWOULDBLOCK", "ENOTSUP"].includes(name)) continue; // the same numbers as EAGAIN and EOPNOTSUPP
      expect(await remote.call("errorName", errno)).toBe(name);
    }
    for (const none of [0, -1, 41, 4096]) expect(await remote.call("errorName", none)).toBe("");
    expect(await remote.call("isTerminal")).toBe(false);
    const before = Date.now();
    const wall = Number(await remote.call("wallMs"));
    expect(wall).toBeGreaterThanOrEqual(before - 1);
    expect(wall).toBeLessThanOrEqual(Date.now() + 1);
    const early = Number(await remote.call("clockMs"));
    expect(early).toBeGreaterThan(0);
    expect(Number(await remote.call("clockMs"))).toBeGreaterThan(early);
    expect(await remote.call("isSecretKey", "DB_PASSWORD")).toBe(true);
    expect(await remote.call("isSecretKey", "image")).toBe(false);
    expect(await remote.call("secretsIn", "to postgres://u:p@db/x and password=hunter2")).toEqual([14, 17, 36, 43]);
    expect(await remote.call("secretsIn", "gr\u00c3\u00bcn")).toBe(null);
  });

  test("read files, of any kind and none", async () => {
    const scratch = useScratch();
    const remote = await start();
    const path = scratch.path("file");
    writeFileSync(path, Buffer.from([0x61, 0, 0xff, 0x0a]));
    expect(await remote.call("readFile", path, 100)).toBe("a\0\u00ff\n");
    expect(await remote.call("readFile", path, 2)).toBe("a\0");
    expect(await remote.call("readFile", path, 0)).toBe("");
    expect(await remote.call("readFile", scratch.path("none"), 9)).toBe(-os.errno.ENOENT);
    expect(await remote.call("readFile", "/", 9)).toBe(-os.errno.EISDIR);
    expect(await remote.call("readFile", "/dev/zero", 9)).toBe(-os.errno.EINVAL);
    execFileSync("mkfifo", [scratch.path("fifo")]);
    expect(await remote.call("readFile", scratch.path("fifo"), 9)).toBe(-os.errno.EINVAL);
    expect(await remote.call("fileKind", path)).toBe("other");
    expect(await remote.call("fileKind", "/")).toBe("directory");
    expect(await remote.call("fileKind", (await useServer()).path)).toBe("socket");
    expect(await remote.call("fileKind", scratch.path("none"))).toBe(null);
  });

  test("load the YAML parser once", async () => {
    const remote = await start();
    await expect(remote.call("parseYaml", "a: 1")).rejects.toThrow("yaml");
    await remote.repeat(2, "loadYaml");
    expect(await remote.call("parseYaml", "a: 1\nb: [x, 'y']\n")).toEqual({ a: 1, b: ["x", "y"] });
  });

  test.each<[string, unknown[]]>([
    ["readFile", ["/", -1]],
    ["connect", [2, "/x"]],
    ["connect", [-1, "/x"]],
    ["send", [0, [1]]],
    ["send", [0, { a: 1 }]],
    ["wait", [-1, 0]],
    ["write", [2, null, []]],
    ["write", [LOG, null, []]],
    ["write", [ERROR, { logFile: "/x", lockFile: null, lockTimeoutMs: 1, logMaxBytes: 1 }, []]],
    ["write", [LOG, {}, []]],
    ["write", [LOG, { logFile: "/x", lockFile: null, lockTimeoutMs: 5001, logMaxBytes: 1 }, []]],
    ["written", [9]],
    ["fieldPaths", [[[]]]],
    ["fieldPaths", [[[0]]]],
    ["fieldPaths", [[[-1, 1]]]],
    ["fieldPaths", [[[1, 1, 1, 1, 1, 1, 1, 1, 1]]]],
    ["fieldPaths", [new Array(65).fill([1])]],
    ["fields", ["a", 0, 1, 0]],
    ["text", ["abc", 2, 1, false]],
    ["text", ["abc", 0, 4, false]],
    ["text", [bytes(Buffer.from([0xff])), 0, 1, true]],
    ["keep", ["a", [0, 1], 0]],
  ])("throw for %s%j, and go on", async (name, args) => {
    const remote = await start();
    await expect(remote.call(name, ...args)).rejects.toThrow(/Error/);
    expect(await remote.call("fieldPaths", [[1]])).toBe(0);
    await expect(remote.call("keep", bytes(Buffer.from([8, 1])), [0], 0)).rejects.toThrow("spans");
    await expect(remote.call("keep", bytes(Buffer.from([8, 1])), [2, 1], 0)).rejects.toThrow("spans");
    expect(await remote.exit(3)).toEqual({ code: 3, signal: null, stderr: "" });
  });

  test("find and keep fields of bytes and of records", async () => {
    const remote = await start();
    const message = Buffer.from([0x0a, 2, 0xc3, 0xbc, 0x12, 5, 0x20, 1, 0x1a, 1, 0x43, 0x20, 5, 0x28, 9]);
    expect(await remote.call("fieldPaths", [[1], [2, 3], [-4]])).toBe(0);
    for (const form of [bytes(message), message.toString("latin1")]) {
      expect(await remote.call("fields", form, 0, message.length, 0)).toBe(3);
      expect(await remote.call("spans")).toEqual([0, 2, 4, 1, 10, 11, 2, 12, 13]);
      expect(await remote.call("text", form, 2, 4, true)).toBe("\u00c3\u00bc");
    }
    expect(await remote.call("keep", bytes(message), [0, 4, 0, message.length], 0)).toBe(
      "\x0a\x02\u00c3\u00bc\x0a\x02\u00c3\u00bc\x12\x03\x1a\x01C\x20\x05",
    );
    expect(await remote.call("fields", "\x0a", 0, 1, 0)).toBe(-1);
    expect(await remote.call("spans")).toEqual([]);
    expect(await remote.call("keep", bytes(Buffer.from([0x0a])), [0, 1], 0)).toBe(null);
  });

  test("end the process with what nobody caught", async () => {
    const end = async (...calls: readonly (readonly [string, string?])[]) => {
      const remote = await start();
      for (const [name, ...args] of calls) void remote.call(name, ...args).catch(() => {});
      return remote.ended;
    };
    expect(await end(["throwLater", "gr\u00c3\u00bcn\u0007"], ["runJobs"])).toEqual({
      code: 1,
      signal: null,
      stderr: "cnitap-observe: Error: gr\u00fcn \n",
    });
    expect(await end(["throwNow", "now"])).toEqual({ code: 1, signal: null, stderr: "cnitap-observe: Error: now\n" });
    const remote = await start();
    await remote.call("catchLater");
    await remote.call("runJobs");
    expect((await remote.exit()).code).toBe(0);
  });
});

describe("sockets", () => {
  test("send what the other side takes later, receive, and see its end", async () => {
    const remote = await start();
    const { connect } = await useServer();
    const peer = await connect(remote);
    expect(await remote.call("connect", PEER, "/x")).toBe(os.errno.EISCONN);
    expect(await remote.call("receive", PEER)).toBe(0);
    const much = Buffer.alloc(1_500_000, "0123456789");
    expect(await remote.call("send", PEER, bytes(much))).toBe(0);
    expect(await remote.call("send", PEER, bytes(Buffer.from("end")))).toBe(0);
    expect(Number(await remote.call("unsent", PEER))).toBeGreaterThan(1_000_000);
    expect(await remote.call("wait", 1, 0)).toBe(0);
    const got: Buffer[] = [];
    peer.on("data", (chunk: Buffer) => got.push(chunk)).resume();
    while (Number(await remote.call("unsent", PEER)) > 0) await remote.call("wait", 20, 0);
    await until(() => got.reduce((sum, { length }) => sum + length, 0) === much.length + 3);
    expect(Buffer.concat(got).equals(Buffer.concat([much, Buffer.from("end")]))).toBe(true);

    peer.write(Buffer.from([1, 0, 255]));
    expect(await remote.call("wait", 60_000, 1 << PEER)).toBe(PEER_READY);
    expect(await remote.call("receive", PEER)).toEqual({ bytes: "\x01\0\u00ff" });
    peer.end();
    expect(await remote.call("wait", 60_000, 1 << PEER)).toBe(PEER_READY);
    expect(await remote.call("receive", PEER)).toBe(null);
    await remote.repeat(2, "close", PEER);
    expect(await remote.call("receive", PEER)).toBe(os.errno.ENOTCONN);
    expect(await remote.call("send", PEER, bytes(much))).toBe(os.errno.ENOTCONN);
  });

  test("tell of a peer that is gone while it is sent to", async () => {
    const remote = await start();
    const peer = await (await useServer()).connect(remote);
    expect(await remote.call("send", PEER, bytes(Buffer.alloc(1_000_000)))).toBe(0);
    peer.destroy();
    expect(await remote.call("wait", 60_000, 0)).toBe(PEER_READY);
    expect(await remote.call("unsent", PEER)).toBe(0);
    const seen = [await remote.call("receive", PEER), await remote.call("send", PEER, bytes(Buffer.from("x")))];
    expect(seen).toEqual([expect.toBeOneOf([os.errno.ECONNRESET, os.errno.EPIPE, null]), os.errno.EPIPE]);
  });

  test("say why there is none", async () => {
    const remote = await start();
    const scratch = useScratch();
    const { ENOENT, ENAMETOOLONG, ECONNREFUSED, ENOTSOCK, EBADF } = os.errno;
    expect(await remote.call("connect", PEER, scratch.path("none"))).toBe(ENOENT);
    expect(await remote.call("connect", PEER, `/${"x".repeat(107)}`)).toBe(ENAMETOOLONG);
    expect(await remote.call("connect", PEER, `/${"x".repeat(106)}`)).toBe(ENOENT);
    writeFileSync(scratch.path("file"), "");
    expect(await remote.call("connect", PEER, scratch.path("file"))).toBe(ECONNREFUSED);
    expect(await remote.call("adopt", PEER, 0)).toBe(ENOTSOCK);
    expect(await remote.call("adopt", PEER, 99)).toBe(EBADF);
    const path = (await useServer()).path;
    expect(await remote.call("connect", PEER, path)).toBe(0);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s ends the wait, once, and is told from then on", async (name) => {
    const remote = await start();
    const ready = remote.call("wait", 60_000, 0);
    await delay(20);
    remote.child.kill(name);
    expect(await ready).toBe(SIGNAL);
    expect(await remote.call("wait", 5, 0)).toBe(SIGNAL);
    for (const pid of childrenOf(remote.child.pid)) process.kill(pid, name);
    expect(await write(remote, ERROR, null, ["x\n"]).catch(() => null)).toBe(null); // wait has the signal, too
    expect(await remote.call("written", ERROR)).toEqual([1]);
    expect(await remote.exit()).toEqual({ code: 0, signal: null, stderr: "x\n" });
  });

  test("a signal that was ignored stays ignored (nohup)", async () => {
    const remote = await start({ via: ["/bin/sh", "-c", 'trap "" HUP INT; exec "$0" "$@"'] });
    remote.child.kill("SIGHUP");
    remote.child.kill("SIGINT");
    expect(await remote.call("wait", 30, 0)).toBe(0);
    const ready = remote.call("wait", 60_000, 0);
    await delay(20);
    remote.child.kill("SIGTERM");
    expect(await ready).toBe(SIGNAL);
  });
});

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
    expect(await write(remote, LOG, target, ["one\n", "gr\u00c3\u00bcn \u00ff\n", "", "three\n"])).toEqual([4]);
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
    expect(await write(remote, LOG, target, [line, line, line, line])).toEqual([3, fault("FAULT_LOG_SHORT"), 0]);
    expect(await write(remote, LOG, target, [line])).toEqual([0, fault("FAULT_LOG_WRITE"), os.errno.EFBIG]);
    writeFileSync(target.logFile, "half");
    expect(await write(remote, LOG, target, [line])).toEqual([1]);
    expect(readFileSync(target.logFile, "utf8")).toBe(`half\n${line}`);
    const unlocked = { ...target, lockFile: "/none/lock" };
    expect(await write(remote, LOG, unlocked, ["b\n"])).toEqual([1, fault("FAULT_LOCK_OPEN"), os.errno.ENOENT]);
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

  test.each(["exits", "is killed"])("to errors is gone when the observer %s, though nobody reads them", async (how) => {
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
  });

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
      for (const [name, ...args] of calls) await remote.repeat(name === "catchLater" ? 9 : times, name, ...args);
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
      for (let count = 0; count < 40; count++) expect(await write(remote, LOG, target, lines)).toEqual([lines.length]);
      await write(remote, LOG, target, [`${"l".repeat(4_000_000)}\n`]);
      writeFileSync(target.logFile, "");
      await remote.call("collect");
    };
    const lines = Array.from({ length: 100 }, (_, index) => `${index} ${"gr\u00c3\u00bcn".repeat(50)}\n`);
    await batch(lines);
    const before = pids.map(anonymousKb);
    for (let count = 0; count < 3; count++) await batch(lines);
    pids.forEach((pid, index) => expect(anonymousKb(pid) - (before[index] ?? 0)).toBeLessThan(256));
  });
});
