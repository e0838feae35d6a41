import { createServer as createHttp2, type ServerHttp2Stream } from "node:http2";
import { createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { callCri, readFields, stringField } from "../../src/machine/cri.ts";
import { MachineError } from "../../src/machine/machine-error.ts";
import {
  grpcFrame as frame,
  serveGrpc as grpc,
  listenOnScratch as listen,
  replyGrpc as reply,
} from "../support/grpc.ts";
import { useScratch } from "../support/scratch.ts";

describe("callCri", () => {
  test("returns the answer's message", async () => {
    const socket = await grpc((stream) => reply(stream, frame("hello")));
    expect((await callCri(socket, "Version", Buffer.alloc(0))).toString()).toBe("hello");
  });

  test.each<[string, (stream: ServerHttp2Stream) => void, string]>([
    [
      "gRPC's error",
      (stream) =>
        stream.respond(
          { ":status": 200, "grpc-status": "12", "grpc-message": "unknown service" },
          { endStream: true },
        ),
      "gRPC status 12, unknown service",
    ],
    ["an error after a body", (stream) => reply(stream, frame("x"), "13"), "gRPC status 13"],
    ["an incomplete message", (stream) => reply(stream, frame("hello").subarray(0, 7)), "no gRPC message"],
    ["two messages", (stream) => reply(stream, Buffer.concat([frame("a"), frame("b")])), "no gRPC message"],
    ["an empty answer", (stream) => reply(stream, Buffer.alloc(0)), "no gRPC message"],
    ["an answer of 17 MiB", (stream) => reply(stream, Buffer.alloc(17 << 20)), "longer than"],
    ["a reset stream", (stream) => stream.close(2), "Cannot ask the runtime"],
  ])("fails with %s", async (_, answer, message) => {
    const socket = await grpc(answer);
    await expect(callCri(socket, "Status", Buffer.from([8, 1]))).rejects.toThrow(message);
    await expect(callCri(socket, "Status", Buffer.from([8, 1]))).rejects.toThrow(MachineError);
  });

  test.each<[string, (socket: Socket) => void]>([
    ["closes the connection", (socket) => socket.destroy()],
    ["does not speak gRPC", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["never answers", () => {}],
  ])("fails with a server that %s", async (_, talk) => {
    const sockets: Socket[] = [];
    const socket = await listen(
      createServer((one) => {
        sockets.push(one.on("error", () => {}));
        talk(one);
      }),
    );
    onTestFinished(() => sockets.forEach((one) => void one.destroy()));
    await expect(callCri(socket, "Status", Buffer.alloc(0))).rejects.toThrow(MachineError);
  });

  test("fails when it is aborted", async () => {
    const socket = await grpc(() => {});
    const stop = new AbortController();
    const asked = callCri(socket, "Status", Buffer.alloc(0), stop.signal);
    stop.abort();
    await expect(asked).rejects.toThrow(MachineError);
    await expect(callCri(socket, "Status", Buffer.alloc(0), stop.signal)).rejects.toThrow("aborted");
  });

  test("closes its connection after an answer and after an error", async () => {
    const server = createHttp2();
    let open = 0;
    server.on("session", (session) => {
      open++;
      session.on("close", () => open--).on("error", () => {});
    });
    server.on("stream", (stream) =>
      reply(
        stream.on("error", () => {}),
        frame("x"),
        "0",
      ),
    );
    const socket = await listen(server);
    await callCri(socket, "Version", Buffer.alloc(0));
    await waitFor("the connection's end", () => open === 0);
    server.removeAllListeners("stream").on("stream", (stream) => reply(stream, frame("x"), "13"));
    await expect(callCri(socket, "Version", Buffer.alloc(0))).rejects.toThrow("gRPC status 13");
    await waitFor("the connection's end", () => open === 0);
  });

  test("fails if nobody listens", async () => {
    await expect(callCri(useScratch().path("none.sock"), "Status", Buffer.alloc(0))).rejects.toThrow(
      "ENOENT",
    );
  });
});

describe("a Protocol Buffers message", () => {
  test("gives the fields of all wire types, and the last string of a number", () => {
    const message = Buffer.from([
      0x08, 0x96, 0x01, 0x12, 0x01, 0x61, 0x12, 0x01, 0x62, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4,
      0x2a, 0,
    ]);
    const fields = readFields(message);
    expect(fields.map(({ number }) => number)).toEqual([1, 2, 2, 5]);
    expect(fields[0]?.value).toBe(150);
    expect(stringField(fields, 2)).toBe("b");
    expect(stringField(fields, 9)).toBe("");
  });

  test.each([[[0x12, 0x05, 0x61]], [[0x80]], [[0x0b]], [[0x08, ...Array(12).fill(0xff)]]])(
    "that is damaged is refused: %j",
    (bytes) => {
      expect(() => readFields(Buffer.from(bytes))).toThrow(MachineError);
    },
  );
});
