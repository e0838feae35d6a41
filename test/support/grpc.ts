import { createServer, type ServerHttp2Stream } from "node:http2";
import type { Server } from "node:net";
import { onTestFinished } from "vitest";
import { useScratch } from "./scratch.ts";

/** Lets a server listen on a Unix socket until the test ends. Returns the socket's path. */
export async function listenOnScratch(server: Server): Promise<string> {
  const path = useScratch().path("cri.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}

/** Starts an HTTP/2 server that answers each gRPC call with `answer`. Returns its socket's path. */
export function serveGrpc(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<string> {
  const server = createServer();
  // Only what the client reports counts.
  server.on("stream", (stream, headers) =>
    answer(
      stream.on("error", () => {}),
      headers[":path"] ?? "",
    ),
  );
  return listenOnScratch(server);
}

/** Answers a call with a body, and a status after it. */
export function replyGrpc(stream: ServerHttp2Stream, body: Buffer, status = "0"): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
  stream.end(body);
}

/** A message in gRPC's framing. */
export function grpcFrame(message: string | Buffer): Buffer {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
