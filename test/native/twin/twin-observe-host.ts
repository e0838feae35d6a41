import { constants } from "node:os";
import { asByteString, type ByteString, encodeUtf8 } from "../../../src/log/byte-string.ts";
import { LINE_TEXTS } from "../../../src/log/line-texts.ts";
import type { LogTarget } from "../../../src/log/target.ts";
import {
  type FileKind,
  type ObserveHost,
  READY,
  type SocketNumber,
  type WriterNumber,
} from "../../../src/native/observe-host.ts";
import { TwinFieldHost } from "./twin-field-host.ts";

export type Errno = keyof typeof constants.errno;

/** The other side of a socket of the observer. */
export class TwinPeer {
  readonly path: ByteString;
  /** What the observer has sent, and what of it this side does not take. */
  readonly sent: Uint8Array[] = [];
  unsent = 0;
  /** Whether this side takes what is sent. */
  reads = true;
  /** What `send` returns. */
  sendErrno: Errno | null = null;
  closed = false;
  readonly incoming: (Uint8Array | Errno | null)[] = [];

  constructor(path: ByteString) {
    this.path = path;
  }

  /** Gives the observer bytes, the end (null) or an error. */
  give(...chunks: readonly (Uint8Array | Errno | null)[]): void {
    this.incoming.push(...chunks);
  }

  /** Takes what waits. */
  drain(): void {
    this.reads = true;
    this.unsent = 0;
  }

  /** All that was sent so far, as one. */
  get bytes(): Buffer {
    return Buffer.concat(this.sent);
  }
}

/** A batch of lines that a writer was given. */
export interface TwinBatch {
  readonly writer: WriterNumber;
  readonly target: LogTarget | null;
  readonly lines: readonly ByteString[];
}

/** What becomes of lines, as `written` tells it; null: they are under way until `answer`. */
export type TwinAnswer = (batch: TwinBatch) => readonly number[] | null;

/** Stops a loop after a turn, so that promises can go on. */
export class TurnOver extends Error {}

/**
 * The observer's host under Node, for tests: sockets and writers are memory, and time passes only in `wait`. Promises
 * cannot be run from inside a turn of the loop here, so each turn ends the loop (see Turns in test/observe/support).
 */
export class TwinObserveHost extends TwinFieldHost implements ObserveHost {
  readonly world: { args: string[]; env: Record<string, string>; terminal: boolean };
  clock = 0;
  wall = 1_763_674_680_000;
  signalled = false;
  collections = 0;
  printed = "";
  readonly peers: TwinPeer[] = [];
  readonly batches: TwinBatch[] = [];
  readonly waits: { readonly ms: number; readonly reading: number }[] = [];
  /** What `connect` returns. */
  connects: (path: ByteString) => Errno | null = () => null;
  kinds: Readonly<Record<string, FileKind>> = {};
  files: Readonly<Record<string, string>> = {};
  /** What becomes of lines: all are written. */
  answers: TwinAnswer = ({ lines }) => [lines.length];
  /** What `write` returns. */
  writeErrno: Errno | null = null;
  /** The most milliseconds that `wait` may let pass. */
  waitMost = 0;
  readonly isSecretKey = LINE_TEXTS.isSecretKey;
  readonly secretsIn = LINE_TEXTS.secretsIn;
  readonly anySecret = LINE_TEXTS.anySecret;
  readonly jsonText = LINE_TEXTS.jsonText;
  readonly #sockets = new Map<SocketNumber, TwinPeer>();
  readonly #answers = new Map<WriterNumber, readonly number[] | null>();
  /** How often `runJobs` was called in this turn. */
  jobs = 0;

  constructor(world: Partial<TwinObserveHost["world"]> = {}) {
    super();
    this.world = { args: ["cnitap-observe"], env: {}, terminal: false, ...world };
  }

  args(): ByteString[] {
    return this.world.args.map(encodeUtf8);
  }

  env(name: string): ByteString | null {
    const value = this.world.env[name];
    return value === undefined ? null : encodeUtf8(value);
  }

  errorText(errno: number): string {
    return this.errorName(errno);
  }

  errorName(errno: number): string {
    return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? "";
  }

  isTerminal(): boolean {
    return this.world.terminal;
  }

  wallMs(): number {
    return this.wall;
  }

  clockMs(): number {
    return this.clock;
  }

  readFile(path: ByteString, most: number): ByteString | number {
    const text = this.files[path];
    return text === undefined ? -constants.errno.ENOENT : asByteString(encodeUtf8(text).slice(0, most));
  }

  fileKind(path: ByteString): FileKind | null {
    return this.kinds[path] ?? null;
  }

  loadYaml(): void {}

  print(_: 1 | 2, text: ByteString): void {
    this.printed += Buffer.from(text, "latin1").toString();
  }

  /** Runs at the begin of a turn; the next time ends the loop. */
  runJobs(): void {
    if (this.jobs++ > 0) throw new TurnOver();
  }

  collect(): void {
    this.collections++;
  }

  connect(socket: SocketNumber, path: ByteString): number {
    const errno = this.connects(path);
    if (errno) return constants.errno[errno];
    return this.#open(socket, path);
  }

  adopt(socket: SocketNumber, descriptor: number): number {
    const errno = this.connects(asByteString(String(descriptor)));
    return errno ? constants.errno[errno] : this.#open(socket, asByteString(String(descriptor)));
  }

  #open(socket: SocketNumber, path: ByteString): number {
    if (this.#sockets.has(socket)) throw new Error(`socket ${socket} is open`);
    const peer = new TwinPeer(path);
    this.#sockets.set(socket, peer);
    this.peers.push(peer);
    return 0;
  }

  send(socket: SocketNumber, bytes: Uint8Array): number {
    const peer = this.#peer(socket);
    if (peer.sendErrno) return constants.errno[peer.sendErrno];
    peer.sent.push(Uint8Array.from(bytes));
    if (!peer.reads) peer.unsent += bytes.length;
    return 0;
  }

  unsent(socket: SocketNumber): number {
    return this.#peer(socket).unsent;
  }

  receive(socket: SocketNumber): Uint8Array | number | null {
    const { incoming } = this.#peer(socket);
    const next = incoming[0];
    if (next === undefined) return 0;
    if (next === null) return null;
    if (typeof next === "string") return constants.errno[next];
    incoming.shift();
    return next;
  }

  close(socket: SocketNumber): void {
    const peer = this.#sockets.get(socket);
    if (peer) peer.closed = true;
    this.#sockets.delete(socket);
  }

  wait(ms: number, reading: number): number {
    this.waits.push({ ms, reading });
    let ready = this.signalled ? READY.signal : 0;
    this.signalled = false;
    for (const [number, { incoming }] of this.#sockets)
      if (incoming.length > 0 && reading & (1 << number)) ready |= 1 << (READY.socket + number);
    for (const [number, answer] of this.#answers) if (answer) ready |= 1 << (READY.writer + number);
    if (ready !== 0) return ready;
    const passed = Math.min(ms, this.waitMost);
    this.clock += passed;
    this.wall += passed;
    return 0;
  }

  write(writer: WriterNumber, target: LogTarget | null, lines: readonly ByteString[]): number {
    if (this.writeErrno) return constants.errno[this.writeErrno];
    if (this.#answers.has(writer)) throw new Error(`writer ${writer} has lines already`);
    const batch = { writer, target, lines };
    this.batches.push(batch);
    this.#answers.set(writer, this.answers(batch));
    return 0;
  }

  /** Ends what a writer has under way. */
  answer(writer: WriterNumber, answer: readonly number[]): void {
    if (this.#answers.get(writer) !== null) throw new Error(`writer ${writer} has nothing under way`);
    this.#answers.set(writer, answer);
  }

  written(writer: WriterNumber): number[] | null {
    const answer = this.#answers.get(writer);
    if (!answer) return null;
    this.#answers.delete(writer);
    return [...answer];
  }

  /** The lines that a writer has got. */
  lines(writer: WriterNumber): string[] {
    const all = this.batches.filter((batch) => batch.writer === writer).flatMap(({ lines }) => lines);
    return all.map((line) => Buffer.from(line, "latin1").toString());
  }

  #peer(socket: SocketNumber): TwinPeer {
    const peer = this.#sockets.get(socket);
    if (!peer) throw new Error(`socket ${socket} is closed`);
    return peer;
  }
}
