import { createServer, type ServerHttp2Stream } from "node:http2";
import { constants } from "node:os";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { RunningRuntime } from "../../src/observe/advice.ts";
import { RuntimeQuestion, VERSION_PATHS } from "../../src/observe/runtime-question.ts";
import { TwinObserveHost, type TwinPeer } from "../native/twin/twin-observe-host.ts";
import { grpcFrame, replyGrpc } from "../support/grpc.ts";
import { howOften } from "../support/soak.ts";
import { settled, Turns } from "./support/turns.ts";
import { bytesField, textField, varintField } from "./support/wire.ts";

const CONTAINERD = "/run/containerd/containerd.sock";

function asked(endpoint: string | null = "unix:///cri.sock") {
  const host = new TwinObserveHost({
    env: endpoint === null ? {} : { CONTAINER_RUNTIME_ENDPOINT: endpoint },
  });
  const turns = new Turns(host);
  const question = new RuntimeQuestion(host, turns.loop);
  const state: { answer?: RunningRuntime | null } = {};
  const ask = () => {
    void question.ask().then((answer) => {
      state.answer = answer;
    });
    return state;
  };
  return { host, turns, question, ask, state };
}

/** VersionResponse of CRI. */
function versionOf(name: string, version: string): Buffer {
  return Buffer.concat([
    textField(1, "0.1.0"),
    textField(2, name),
    textField(3, version),
    textField(4, "v1"),
  ]);
}

const ABOUT = versionOf("containerd", "v2.1.9");
const RUNTIME = { name: "containerd", version: "v2.1.9" };

/** HTTP/2's frame (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const none = Buffer.alloc(0);
const [DATA, HEADERS, RESET, SETTINGS, PING, GO_AWAY, WINDOW] = [0, 1, 3, 4, 6, 7, 8] as const;
const [END_STREAM, END_HEADERS, PADDED] = [1, 4, 8] as const;
const settings = frame(SETTINGS, 0, 0, none);
const headers = frame(HEADERS, END_HEADERS, 1, Buffer.from([0x88]));
const trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.from([0x88]));
const answer = Buffer.concat([settings, headers, frame(DATA, 0, 1, grpcFrame(ABOUT)), trailers]);

/** What becomes of the question if the runtime sends this, in pieces. */
async function answered(
  ...pieces: readonly (Uint8Array | null)[]
): Promise<RunningRuntime | null | undefined> {
  const { host, turns, ask } = asked();
  const state = ask();
  host.peers[0]?.give(...pieces);
  await turns.pass();
  if (state.answer !== undefined) expect(host.peers[0]?.closed).toBe(true);
  return state.answer;
}

/** The bytes that Node's HTTP/2 server answers to what the observer sends, and the path that it was asked for. */
async function served(
  respond: (stream: ServerHttp2Stream, path: string) => void,
): Promise<{ bytes: Buffer; path: string }> {
  const { host, ask } = asked();
  ask();
  const chunks: Buffer[] = [];
  let path = "";
  const server = createServer();
  const over = new Promise<void>((resolve) => {
    server.on("stream", (stream, head) => {
      path = `${head[":method"]} ${head[":path"]} ${head["content-type"]} ${head.te}`;
      respond(stream, head[":path"] ?? "");
      stream.on("close", () => resolve()).on("error", () => resolve());
    });
  });
  const wire = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      done();
    },
  });
  server.emit("connection", wire);
  wire.push(host.peers[0]?.bytes);
  await over;
  for (let i = 0; i < 5; i++) await settled();
  wire.destroy();
  return { bytes: Buffer.concat(chunks), path };
}

describe("an HTTP/2 server", () => {
  it("understands the question, and its answer is understood however it is cut", async () => {
    const { bytes, path } = await served((stream) => replyGrpc(stream, grpcFrame(ABOUT)));
    expect(path).toBe("POST /runtime.v1.RuntimeService/Version application/grpc trailers");
    expect(await answered(bytes)).toEqual(RUNTIME);
    for (let at = 1; at < bytes.length; at++)
      expect(await answered(bytes.subarray(0, at), bytes.subarray(at)), `cut at ${at}`).toEqual(RUNTIME);
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(await answered(...single)).toEqual(RUNTIME);
  });

  it("that answers in several frames is understood", async () => {
    const body = grpcFrame(versionOf("containerd", "v".repeat(40_000)));
    const { bytes } = await served((stream) => replyGrpc(stream, body));
    expect((await answered(bytes))?.version).toHaveLength(40_000);
  });

  it("that refuses the call has no answer", async () => {
    const { bytes } = await served((stream) =>
      stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true }),
    );
    expect(await answered(bytes)).toBeNull();
  });

  it("that resets the stream has no answer", async () => {
    const { bytes } = await served((stream) => stream.close(constants.errno.EPERM));
    expect(await answered(bytes)).toBeNull();
  });
});

describe("an answer", () => {
  it("of padded data is read", async () => {
    for (const pad of [0, 1, 200]) {
      const content = Buffer.concat([Buffer.from([pad]), grpcFrame(ABOUT), Buffer.alloc(pad)]);
      const padded = frame(DATA, PADDED, 1, content);
      expect(await answered(Buffer.concat([settings, headers, padded, trailers])), `${pad}`).toEqual(RUNTIME);
    }
  });

  it("of data that ends the stream is read", async () => {
    expect(
      await answered(Buffer.concat([settings, headers, frame(DATA, END_STREAM, 1, grpcFrame(ABOUT))])),
    ).toEqual(RUNTIME);
  });

  it("in pieces is read, between other frames and those of other streams", async () => {
    const body = grpcFrame(ABOUT);
    const others = [
      frame(PING, 0, 0, Buffer.alloc(8)),
      frame(WINDOW, 0, 0, Buffer.alloc(4)),
      frame(DATA, 0, 3, Buffer.from("no")),
    ];
    const pieces = Array.from(body, (_, at) =>
      Buffer.concat([...others, frame(DATA, 0, 1, body.subarray(at, at + 1))]),
    );
    expect(await answered(Buffer.concat([settings, headers, ...pieces, trailers]))).toEqual(RUNTIME);
  });

  it("with fields that are not known is read", async () => {
    const about = Buffer.concat([varintField(9, 5), ABOUT, bytesField(77, Buffer.from("x"))]);
    expect(await answered(Buffer.concat([settings, frame(DATA, END_STREAM, 1, grpcFrame(about))]))).toEqual(
      RUNTIME,
    );
  });

  it.each<[string, readonly (Uint8Array | null)[]]>([
    ["a reset", [settings, frame(RESET, 0, 1, Buffer.alloc(4))]],
    ["GOAWAY", [settings, frame(GO_AWAY, 0, 0, Buffer.alloc(8))]],
    ["the end", [settings, headers, null]],
    ["the end at once", [null]],
    ["the end in a frame", [answer.subarray(0, 30), null]],
    ["trailers without data", [settings, trailers]],
    ["half a message head", [settings, frame(DATA, END_STREAM, 1, Buffer.alloc(4))]],
    [
      "a compressed message",
      [settings, frame(DATA, END_STREAM, 1, Buffer.from([1, ...grpcFrame(ABOUT).subarray(1)]))],
    ],
    ["a message without a name", [settings, frame(DATA, END_STREAM, 1, grpcFrame(textField(3, "v1")))]],
    ["an empty message", [settings, frame(DATA, END_STREAM, 1, grpcFrame(""))]],
    ["what is no message", [settings, frame(DATA, END_STREAM, 1, grpcFrame(Buffer.from([0x12, 0x7f])))]],
    [
      "a name that is not UTF-8",
      [settings, frame(DATA, END_STREAM, 1, grpcFrame(bytesField(2, Buffer.from([0xff]))))],
    ],
    [
      "more padding than data",
      [settings, frame(DATA, PADDED | END_STREAM, 1, Buffer.from([200, 0, 0, 0, 0, 0]))],
    ],
    ["HTTP/1.1", [Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), null]],
    [
      "an endless one",
      Array.from({ length: 4 }, () =>
        Buffer.concat([frame(DATA, 0, 1, Buffer.alloc(16_000)), frame(DATA, 0, 1, Buffer.alloc(20_000))]),
      ),
    ],
  ])("of %s is none", async (_, pieces) => {
    expect(await answered(...pieces)).toBeNull();
  });

  it("of any bytes is a runtime, none, or waited for", async () => {
    const change = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    const any = fc.oneof(
      change.map((changes) => {
        const bytes = Uint8Array.from(answer);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      }),
      fc.uint8Array({ maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(any, async (bytes) => {
        const seen = await answered(bytes);
        if (seen) expect(seen.name).not.toBe("");
        const { host, turns, ask } = asked();
        const state = ask();
        host.peers[0]?.give(bytes);
        await turns.pass(1_000);
        expect(state.answer).not.toBeUndefined();
        expect(host.peers[0]?.closed).toBe(true);
      }),
      { numRuns: howOften(150, 10_000) },
    );
  });
});

describe("a question", () => {
  it("to a silent runtime ends after a second, and leaves nothing", async () => {
    const { host, turns, ask } = asked();
    const state = ask();
    await turns.pass(999);
    expect(state.answer).toBeUndefined();
    await turns.pass(1);
    expect(state.answer).toBeNull();
    expect(host.peers[0]?.closed).toBe(true);
    host.waits.length = 0;
    turns.turn();
    expect(host.waits).toEqual([{ ms: 2 ** 31 - 1, reading: 0 }]);
  });

  it("goes to the known sockets, one after the other", async () => {
    const { host, turns, ask } = asked(null);
    const paths: string[] = [];
    host.connects = (path) => {
      paths.push(path);
      return path === CONTAINERD ? null : "ENOENT";
    };
    const state = ask();
    host.peers[0]?.give(null);
    await turns.pass();
    expect(state.answer).toBeNull();
    expect(paths).toEqual([
      CONTAINERD,
      "/run/k3s/containerd/containerd.sock",
      "/var/run/crio/crio.sock",
      "/var/snap/microk8s/common/run/containerd.sock",
    ]);
  });

  it("ends with the first that answers", async () => {
    const { host, turns, ask } = asked(null);
    host.connects = (path) => (path === CONTAINERD ? "ECONNREFUSED" : null);
    const state = ask();
    await turns.pass();
    expect(host.peers.map(({ path }: TwinPeer) => path)).toEqual(["/run/k3s/containerd/containerd.sock"]);
    host.peers[0]?.give(answer);
    await turns.pass();
    expect(state.answer).toEqual(RUNTIME);
    expect(host.peers).toHaveLength(1);
  });

  it.each([
    ["unix:///x/cri.sock", "/x/cri.sock"],
    ["/x/cri.sock", "/x/cri.sock"],
  ])("goes to CONTAINER_RUNTIME_ENDPOINT %s alone", async (endpoint, path) => {
    const { host, turns, ask } = asked(endpoint);
    const state = ask();
    host.peers[0]?.give("ECONNRESET");
    await turns.pass();
    expect(state.answer).toBeNull();
    expect(host.peers.map((peer) => peer.path)).toEqual([path]);
  });

  it("that is cancelled is not answered", async () => {
    const { host, turns, question, ask } = asked();
    question.cancel();
    const state = ask();
    question.cancel();
    question.cancel();
    await turns.pass();
    expect(state.answer).toBeNull();
    expect(host.peers[0]?.closed).toBe(true);
  });

  it("that is cancelled goes to no other socket", async () => {
    const { host, turns, question, ask } = asked(null);
    const state = ask();
    question.cancel();
    await turns.pass();
    expect(state.answer).toBeNull();
    expect(host.peers).toHaveLength(1);
  });

  it("that cannot be sent is not answered", async () => {
    const { host, turns, ask } = asked();
    host.connects = () => null;
    const send = host.send.bind(host);
    host.send = (socket, bytes) => {
      send(socket, bytes);
      return constants.errno.EPIPE;
    };
    const state = ask();
    await turns.pass();
    expect(state.answer).toBeNull();
    expect(host.peers[0]?.closed).toBe(true);
  });

  it("may be asked twice at once, and again later", async () => {
    const { host, turns, question } = asked(null);
    const first = question.ask();
    await settled();
    const second = question.ask();
    host.peers[1]?.give(answer);
    await turns.pass();
    expect(await first).toBeNull();
    expect(await second).toEqual(RUNTIME);
    const third = question.ask();
    host.peers[2]?.give(answer);
    await turns.pass();
    expect(await third).toEqual(RUNTIME);
  });
});

test("the paths are those of CRI's VersionResponse", () => {
  // runtime.v1, api.proto: string version = 1, runtime_name = 2, runtime_version = 3, runtime_api_version = 4.
  expect(VERSION_PATHS).toEqual({ runtimeName: [2], runtimeVersion: [3] });
});
