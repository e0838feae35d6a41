import { asByteString, type ByteString, decodeUtf8, encodeUtf8 } from "../log/byte-string.ts";
import { type ObserveHost, SOCKET } from "../native/observe-host.ts";
import { CRI_SOCKETS, type RunningRuntime } from "./advice.ts";
import type { Loop } from "./loop.ts";
import { type FieldHost, FieldSet, joined } from "./wire-message.ts";

type QuestionHost = FieldHost & Pick<ObserveHost, "connect" | "send" | "receive" | "close" | "env">;

/** How long to wait for a runtime, which normally answers at once. */
const ASK_MS = 1000;
const ANSWER_BYTES_MOST = 64 << 10;

/** HTTP/2 (RFC 9113, 4.1 and 6): types and flags of frames. */
const Frame = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7 } as const;
const FRAME_HEAD = 9;
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const STREAM = 1;
/** Of a gRPC message: the compressed flag and the length. */
const GRPC_HEAD = 5;

/** VersionResponse of CRI (runtime.v1, api.proto). */
export const VERSION_PATHS = { runtimeName: [2], runtimeVersion: [3] } as const;

/**
 * Asks the runtime of this node who it is, so that an advice can name it: one unary gRPC call without arguments,
 * whose answer's headers need not be read. Null if none answers. Never rejects.
 */
export class RuntimeQuestion {
  readonly #host: QuestionHost;
  readonly #loop: Loop;
  readonly #version: FieldSet;
  #cancel: () => void = () => {};
  /** How many questions there were: only the last one goes on. */
  #asked = 0;

  constructor(host: QuestionHost, loop: Loop) {
    this.#host = host;
    this.#loop = loop;
    this.#version = new FieldSet(host, Object.values(VERSION_PATHS));
  }

  /** Ends a question that is under way: the answer is null. */
  cancel(): void {
    this.#asked++;
    this.#cancel();
  }

  async ask(): Promise<RunningRuntime | null> {
    this.cancel(); // one at a time: there is one socket for it
    const asked = this.#asked;
    const given = this.#host.env("CONTAINER_RUNTIME_ENDPOINT");
    const paths = given ? [asByteString(given.replace(/^unix:\/\//, ""))] : CRI_SOCKETS.map(encodeUtf8);
    for (const path of paths) {
      const answer = await this.#askAt(path);
      if (answer || asked !== this.#asked) return answer;
    }
    return null;
  }

  #askAt(path: ByteString): Promise<RunningRuntime | null> {
    if (this.#host.connect(SOCKET.cri, path) !== 0) return Promise.resolve(null);
    return new Promise((resolve) => {
      const settle = (answer: RunningRuntime | null) => {
        cancelTimer();
        this.#cancel = () => {};
        this.#loop.onReadable(SOCKET.cri, null);
        this.#host.close(SOCKET.cri);
        resolve(answer);
      };
      const cancelTimer = this.#loop.after(ASK_MS, () => settle(null));
      this.#cancel = () => settle(null);
      let received = new Uint8Array(0);
      const read = () => {
        const chunk = this.#host.receive(SOCKET.cri);
        if (chunk === 0) return;
        if (chunk === null || typeof chunk === "number" || received.length > ANSWER_BYTES_MOST)
          return settle(null);
        received = joined([received, chunk]);
        const answer = answerIn(received);
        if (answer !== undefined) settle(answer && this.#read(answer));
      };
      this.#loop.onReadable(SOCKET.cri, read);
      if (this.#host.send(SOCKET.cri, request()) !== 0) settle(null);
    });
  }

  #read(message: Uint8Array): RunningRuntime | null {
    const texts = ["", ""];
    try {
      this.#version.read(message, (path, start, end) => {
        texts[path] = decodeUtf8(this.#host.text(message, start, end, true));
      });
    } catch {
      return null;
    }
    const [name = "", version = ""] = texts;
    return name === "" ? null : { name, version };
  }
}

/** The message of the answer; null if there is none, undefined as long as it is not all here. */
function answerIn(received: Uint8Array): Uint8Array | null | undefined {
  let data = new Uint8Array(0);
  for (let at = 0; at + FRAME_HEAD <= received.length; ) {
    const byte = (offset: number) => received[at + offset] ?? 0;
    const length = (byte(0) << 16) | (byte(1) << 8) | byte(2);
    const [type, flags, stream] = [byte(3), byte(4), byte(8)];
    const end = at + FRAME_HEAD + length;
    if (end > received.length) return undefined;
    if (type === Frame.reset || type === Frame.goAway) return null;
    if (type === Frame.data && stream === STREAM) {
      const padding = flags & PADDED ? 1 + byte(FRAME_HEAD) : 0;
      data = joined([
        data,
        received.subarray(at + FRAME_HEAD + (padding > 0 ? 1 : 0), end - Math.max(0, padding - 1)),
      ]);
    }
    if (stream === STREAM && (type === Frame.data || type === Frame.headers) && flags & END_STREAM)
      return data.length >= GRPC_HEAD && data[0] === 0 ? data.subarray(GRPC_HEAD) : null;
    at = end;
  }
  return undefined;
}

/** All that is sent: the preface, settings, and a POST with an empty message. The connection ends before acknowledgements matter. */
function request(): Uint8Array {
  const text = (value: string) => [...encodeUtf8(value)].map((char) => char.charCodeAt(0));
  const field = (name: readonly number[], value: string) => [...name, value.length, ...text(value)];
  // HPACK (RFC 7541): two fields of its static table, and literals, whose names are in that table or follow.
  const [post, http, path, authority, contentType] = [[0x83], [0x86], [0x04], [0x01], [0x0f, 0x10]];
  const headers = [
    ...[...post, ...http],
    ...field(path, "/runtime.v1.RuntimeService/Version"),
    ...field(authority, "localhost"),
    ...field(contentType, "application/grpc"),
    ...field([0x00, 2, ...text("te")], "trailers"),
  ];
  return Uint8Array.from([
    ...text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ...frame(Frame.settings, 0, 0, []),
    ...frame(Frame.headers, END_HEADERS, STREAM, headers),
    ...frame(Frame.data, END_STREAM, STREAM, [0, 0, 0, 0, 0]),
  ]);
}

function frame(type: number, flags: number, stream: number, payload: readonly number[]): number[] {
  return [0, payload.length >> 8, payload.length & 0xff, type, flags, 0, 0, 0, stream, ...payload];
}
