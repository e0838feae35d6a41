import { describe, expect, it } from "vitest";
import { encode } from "../../src/nri/encode.ts";
import { RunPodSandboxRequestSchema } from "../../src/nri/gen/api_pb.js";
import type { Target } from "../../src/nri/identity.ts";
import type { SessionEnd } from "../../src/nri/run-sessions.ts";
import { ObserverCodec } from "../../src/observe/codec.ts";
import { Connection } from "../../src/observe/connection.ts";
import { Observer, type ObserverReport } from "../../src/observe/observer.ts";
import { PodReader } from "../../src/observe/pod-record.ts";
import { type Errno, TwinObserveHost } from "../native/twin/twin-observe-host.ts";
import { configureBytes, encodeCall, registered } from "../nri/support/calls.ts";
import { SentReader } from "../nri/support/messages.ts";
import { Turns } from "./support/turns.ts";

const none = new Uint8Array(0);
const NRI = 0b01;

function connected() {
  const host = new TwinObserveHost();
  const turns = new Turns(host);
  const pods = new PodReader(host);
  const reports: ObserverReport[] = [];
  const log: string[] = [];
  const connection = new Connection(host, turns.loop, {
    ...{ identity: { name: "n", index: "10" }, codec: new ObserverCodec(host, pods) },
    observer: new Observer({
      now: () => host.wallMs(),
      afterAnswer: (act) => turns.loop.afterAnswer(act),
      report: (report) => void reports.push(report),
      idOf: (record) => pods.idOf(record),
    }),
    configure: () => {},
    log: (level, message) => void log.push(`${level}: ${message}`),
  });
  const serve = (target: Target = { path: "/run/nri.sock" }) => {
    const state: { end?: SessionEnd } = {};
    void connection.serve(target).then((end) => {
      state.end = end;
    });
    return state;
  };
  return { host, turns, connection, serve, reports, log };
}

const run = (number: number) => encode(RunPodSandboxRequestSchema, { pod: { id: `p${number}` } });
const call = (number: number) => encodeCall(2 * number + 1, "RunPodSandbox", run(number));

describe("a runtime that cannot be connected", () => {
  it.each<[string, Errno, "socket" | "directory" | "other" | undefined, string, string | undefined]>([
    ["is not there", "ENOENT", undefined, "it is not there", "absent"],
    ["is forbidden", "EACCES", undefined, "permission denied", "denied"],
    ["does not listen", "ECONNREFUSED", "socket", "nobody listens there", "refused"],
    ["has gone meanwhile", "ECONNREFUSED", undefined, "nobody listens there", "refused"],
    ["is a file", "ECONNREFUSED", "other", "it is not a socket", "not-a-socket"],
    ["is a directory", "ECONNREFUSED", "directory", "it is a directory", "not-a-socket"],
    ["has too many waiting", "EAGAIN", "socket", "connect EAGAIN /run/ü.sock", undefined],
    ["is a datagram socket", "EPROTOTYPE", "socket", "connect EPROTOTYPE /run/ü.sock", undefined],
    ["is below a file", "ENOTDIR", undefined, "connect ENOTDIR /run/ü.sock", undefined],
    ["needs a descriptor more", "EMFILE", undefined, "connect EMFILE /run/ü.sock", undefined],
  ])("since it %s is told", async (_, errno, kind, seen, reason) => {
    const { host, turns, serve, log } = connected();
    const path = Buffer.from("/run/ü.sock").toString("latin1");
    host.connects = () => errno;
    host.kinds = kind ? { [path]: kind } : {};
    const state = serve({ path: "/run/ü.sock" });
    await turns.pass();
    const message = `Cannot connect to the runtime at /run/ü.sock: ${seen}`;
    expect(state.end).toEqual({
      error: expect.objectContaining({ code: "connect", message, reason }),
      synchronized: false,
    });
    expect(log).toEqual([]);
  });

  it("since its path is too long is told, and the host is not asked", async () => {
    const { host, turns, serve } = connected();
    const ends = [`/${"x".repeat(107)}`, `/${"ü".repeat(54)}`, `/${"x".repeat(106)}`].map((path) =>
      serve({ path }),
    );
    await turns.pass();
    const words = /: a socket's path has at most 107 bytes$/;
    expect(ends.map(({ end }) => words.test(end?.error.message ?? ""))).toEqual([true, true, false]);
    expect(host.peers.map(({ path }) => path.length)).toEqual([107]);
  });

  it.each<[Errno]>([["EBADF"], ["ENOTSOCK"]])("since its descriptor gives %s is told", async (errno) => {
    const { host, turns, serve } = connected();
    host.connects = () => errno;
    const state = serve({ descriptor: 3 });
    await turns.pass();
    expect(state.end?.error).toMatchObject({
      code: "connect",
      message: `Cannot connect to the runtime at descriptor 3: open ${errno}`,
    });
  });
});

describe("a connection", () => {
  it.each<[string, Target]>([
    ["a path", { path: "/run/nri.sock" }],
    ["a descriptor", { descriptor: 3 }],
  ])(
    "at %s serves a session, and its events are reported after their answers were sent",
    async (_, target) => {
      const { host, turns, serve, reports, log } = connected();
      const state = serve(target);
      await turns.pass();
      const [peer] = host.peers;
      peer?.give(registered, encodeCall(1, "Configure", configureBytes), encodeCall(3, "Synchronize", none));
      peer?.give(Buffer.concat([call(2), call(3)]));
      await turns.pass();
      expect(new SentReader().push(peer?.bytes ?? none).map(({ streamId }) => streamId)).toEqual([
        1, 1, 3, 5, 7,
      ]);
      expect(peer?.sent).toHaveLength(4); // two calls that came together are answered together
      expect(reports).toHaveLength(3);
      expect(log.at(-1)).toBe("info: Started plugin 10-n...");
      peer?.give(null);
      await turns.pass();
      const message = "Connection to the runtime lost: the runtime closed it";
      expect(state.end).toEqual({
        error: expect.objectContaining({ code: "disconnected", message, reason: undefined }),
        synchronized: true,
      });
      expect(peer?.closed).toBe(true);
    },
  );

  it("reports what came with the end of the connection", async () => {
    const { host, turns, serve, reports } = connected();
    const state = serve();
    host.peers[0]?.give(registered, Buffer.concat([call(1), call(2)]), null);
    await turns.pass();
    expect(state.end?.error.code).toBe("disconnected");
    expect(reports).toHaveLength(2);
  });

  it.each<[string, Errno | null, string]>([
    ["closed before any NRI", null, "the runtime closed it"],
    ["reset", "ECONNRESET", "read ECONNRESET"],
    ["broken", "EPIPE", "read EPIPE"],
  ])("that is %s ends, and has no timer left", async (_, what, seen) => {
    const { host, turns, serve } = connected();
    const state = serve();
    host.peers[0]?.give(what);
    await turns.pass();
    expect(state.end?.error).toMatchObject({
      ...{ code: "disconnected", reason: "no-nri", message: `Connection to the runtime lost: ${seen}` },
    });
    host.waits.length = 0;
    turns.turn();
    expect(host.waits).toEqual([{ ms: 2 ** 31 - 1, reading: 0 }]);
  });

  it("that breaks while an answer is sent ends", async () => {
    const { host, turns, serve } = connected();
    const state = serve();
    await turns.pass();
    const [peer] = host.peers;
    peer?.give(registered);
    await turns.pass();
    if (peer) peer.sendErrno = "EPIPE";
    peer?.give(call(1));
    await turns.pass();
    expect(state.end?.error).toMatchObject({
      code: "disconnected",
      message: "Connection to the runtime lost: write EPIPE",
    });
    expect(peer?.closed).toBe(true);
  });

  it("that breaks at its first bytes ends", async () => {
    const { host, turns, serve } = connected();
    host.connects = () => null;
    const state = serve();
    const [peer] = host.peers;
    if (peer) peer.sendErrno = "ECONNRESET";
    peer?.give(call(1)); // the answer to it fails
    await turns.pass();
    expect(state.end?.error.message).toBe("Connection to the runtime lost: write ECONNRESET");
  });

  it("over which no answer to the registration comes ends after 10 s", async () => {
    const { host, turns, serve } = connected();
    const state = serve();
    await turns.pass(9_999);
    expect(state.end).toBeUndefined();
    await turns.pass(1);
    expect(state.end?.error).toMatchObject({ code: "registration", reason: "no-nri" });
    expect(host.peers[0]?.closed).toBe(true);
  });

  it("with garbage is closed", async () => {
    const { host, turns, serve } = connected();
    const state = serve();
    host.peers[0]?.give(Buffer.alloc(100, 0xff), call(1), Buffer.alloc(100, 0xff));
    await turns.pass();
    expect(state.end?.error).toMatchObject({ code: "protocol", reason: "no-nri" });
    expect(host.peers[0]?.incoming).toHaveLength(2); // what comes later is not read
  });

  it("is closed by abort, and another one can follow", async () => {
    const { host, turns, connection, serve } = connected();
    connection.abort();
    for (let i = 0; i < 3; i++) {
      const state = serve();
      host.peers[i]?.give(registered, call(1));
      await turns.pass();
      connection.abort();
      connection.abort();
      await turns.pass();
      expect(state.end?.error).toMatchObject({ code: "disconnected", message: "Connection closed: aborted" });
      expect(host.peers[i]?.closed).toBe(true);
      expect(host.peers).toHaveLength(i + 1);
    }
  });
});

describe("a runtime that does not read", () => {
  async function stuck() {
    const all = connected();
    const { host, turns, serve } = all;
    const state = serve();
    await turns.pass();
    const peer = host.peers[0];
    if (!peer) throw new Error("no connection");
    peer.give(registered);
    await turns.pass();
    peer.reads = false;
    const calls = Array.from({ length: 10_000 }, (_, i) => call(i));
    for (let at = 0; at < calls.length; at += 250) peer.give(Buffer.concat(calls.slice(at, at + 250)));
    return { ...all, peer, state };
  }

  it("is not read any more, so that nothing grows", async () => {
    const { host, turns, peer, reports } = await stuck();
    for (let i = 0; i < 20; i++) await turns.pass(10);
    expect(peer.unsent).toBeGreaterThan(64 << 10);
    expect(peer.unsent).toBeLessThan((64 << 10) + 250 * 40);
    const left = peer.incoming.length;
    expect(left).toBeGreaterThan(10);
    expect(reports).toHaveLength((40 - left) * 250); // what was read is reported
    host.waits.length = 0;
    turns.turn();
    expect(host.waits[0]).toMatchObject({ reading: 0 });
    expect(host.waits[0]?.ms).toBeGreaterThan(0);
  });

  it("gets all answers when it reads again, and every event is reported", async () => {
    const { turns, peer, reports } = await stuck();
    for (let i = 0; peer.incoming.length > 0; i++) {
      expect(i).toBeLessThan(200);
      await turns.pass(10);
      peer.drain();
      peer.reads = false;
    }
    await turns.pass(20);
    expect(reports).toHaveLength(10_000);
    const answers = new SentReader().push(peer.bytes).filter(({ connection }) => connection === 1);
    expect(answers).toHaveLength(10_000);
  });

  it("and is aborted leaves nothing behind for the next connection", async () => {
    const { host, turns, connection, serve, state } = await stuck();
    await turns.pass(5);
    connection.abort();
    await turns.pass();
    expect(state.end?.error.message).toBe("Connection closed: aborted");
    serve();
    host.peers[1]?.give(registered, call(1));
    await turns.pass(100);
    expect(host.peers[1]?.incoming).toEqual([]);
    host.waits.length = 0;
    turns.turn();
    expect(host.waits[0]).toMatchObject({ reading: NRI });
  });
});
