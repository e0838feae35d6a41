import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { MachineError } from "./machine-error.ts";

const ANSWER_MAX_BYTES = 16 << 20; // the kubelet's limit
const TIMEOUT_MS = 3000;
const HEAD_BYTES = 5;

/** A field of a Protocol Buffers message: its number, and a varint's value or the bytes of other types. */
export interface Field {
  readonly number: number;
  readonly value: number | Buffer;
}

/**
 * A unary gRPC call on a Unix socket: one HTTP/2 request with one message each way. The two calls used here
 * take at most one flag and return strings, so no gRPC library is needed.
 * @param signal cancels the call
 * @throws {MachineError} if there is no answer, or an error
 */
export async function callCri(
  socket: string,
  method: string,
  request: Uint8Array,
  signal?: AbortSignal,
): Promise<Buffer> {
  const session = connectHttp2("http://localhost", { createConnection: () => connectSocket(socket) });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      session.on("error", reject);
      signal?.throwIfAborted();
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      exchange(session, method, request).then(resolve, reject);
    });
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    throw new MachineError(
      `Cannot ask the runtime at ${socket}: ${seen}\nSpecify its socket with --runtime-endpoint.`,
    );
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

async function exchange(session: ClientHttp2Session, method: string, request: Uint8Array): Promise<Buffer> {
  const stream = session.request({
    ":method": "POST",
    ":path": `/runtime.v1.RuntimeService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  let status: unknown;
  const readStatus = (headers: IncomingHttpHeaders) => {
    status = headers["grpc-status"] ?? status;
    const words = headers["grpc-message"];
    if (status !== undefined && status !== "0") {
      stream.destroy(new Error(`gRPC status ${status}${words ? `, ${words}` : ""}`));
    }
  };
  stream.on("response", readStatus).on("trailers", readStatus);
  stream.end(Buffer.concat([frameHead(request.length), request]));
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_MAX_BYTES) throw new Error(`its answer is longer than ${ANSWER_MAX_BYTES} bytes`);
  }
  const answer = Buffer.concat(chunks);
  const message = answer.subarray(HEAD_BYTES);
  if (status !== "0" || !answer.subarray(0, HEAD_BYTES).equals(frameHead(message.length))) {
    throw new Error("its answer is no gRPC message");
  }
  return message;
}

/** The prefix of a gRPC message: the uncompressed flag and the length. */
function frameHead(length: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(length, 1);
  return head;
}

/**
 * The varint and length-delimited fields of a message, in order.
 * @throws {MachineError} if it is truncated or not a message
 */
export function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined || scale > 2 ** 63)
        throw new MachineError("Cannot read the runtime's answer: it is cut off");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        fields.push({ number, value: varint() });
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        if (at + length > message.length)
          throw new MachineError("Cannot read the runtime's answer: it is cut off");
        fields.push({ number, value: message.subarray(at, at + length) });
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new MachineError("Cannot read the runtime's answer: it is no Protocol Buffers message");
    }
  }
  return fields;
}

/** The last string with this field number; "" if there is none, the default in Protocol Buffers. */
export function stringField(fields: readonly Field[], number: number): string {
  const value = fields.findLast((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value.toString() : "";
}
