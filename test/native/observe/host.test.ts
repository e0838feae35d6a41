import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { constants as os } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { useScratch } from "../../support/scratch.ts";
import { bytes } from "./remote-host.ts";
import {
  childrenOf,
  ERROR,
  LOG,
  PEER,
  PEER_READY,
  remoteExecutable,
  SIGNAL,
  start,
  until,
  useServer,
  write,
} from "./scenes.ts";

describe("functions of the process", () => {
  test("tell what there is", async () => {
    const remote = await start({ env: { TAP_TEXT: "gr\u00fcn" } });
    expect(await remote.call("args")).toEqual([await remoteExecutable(), expect.stringMatching(/socket$/)]);
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
    expect(await remote.call("secretsIn", "to postgres://u:p@db/x and password=hunter2")).toEqual([
      14, 17, 36, 43,
    ]);
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
    expect(await end(["throwNow", "now"])).toEqual({
      code: 1,
      signal: null,
      stderr: "cnitap-observe: Error: now\n",
    });
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
    const seen = [
      await remote.call("receive", PEER),
      await remote.call("send", PEER, bytes(Buffer.from("x"))),
    ];
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

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s ends the wait, once, and is told from then on",
    async (name) => {
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
    },
  );

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
