import {
  type ObserveHost,
  READY,
  SOCKET,
  type SocketNumber,
  WRITER,
  type WriterNumber,
} from "../native/observe-host.ts";

interface Timer {
  readonly atMs: number;
  readonly act: () => void;
}

/** Garbage that counting references does not find is collected after so many events, when there is nothing to do. */
const TURNS_BETWEEN_COLLECTIONS = 250;
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** The part of the host that waits. */
type LoopHost = Pick<ObserveHost, "clockMs" | "wait" | "runJobs" | "collect">;

/** The one loop of the process. */
export class Loop {
  readonly #host: LoopHost;
  readonly #timers = new Set<Timer>();
  readonly #sockets = new Map<SocketNumber, () => void>();
  readonly #writers = new Map<WriterNumber, () => void>();
  readonly #later: (() => void)[] = [];
  #idle: (() => boolean)[] = [];
  #onSignal: () => void = () => {};
  #turns = 0;

  constructor(host: LoopHost) {
    this.#host = host;
  }

  now(): number {
    return this.#host.clockMs();
  }

  /** Calls back after so many milliseconds. Returns what cancels it. */
  after(ms: number, act: () => void): () => void {
    const timer = { atMs: this.now() + ms, act };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Calls back when all sockets were served, and so the answers are sent. */
  afterAnswer(act: () => void): void {
    this.#later.push(act);
  }

  /** Calls back between two looks at the sockets, until it returns false: then it has no more to do. */
  whenIdle(act: () => boolean): void {
    this.#idle.push(act);
  }

  /** Calls back whenever there is something to receive; null: the socket is not to be read. */
  onReadable(socket: SocketNumber, act: (() => void) | null): void {
    if (act) this.#sockets.set(socket, act);
    else this.#sockets.delete(socket);
  }

  /** Calls back whenever a writer has an answer. */
  onWritten(writer: WriterNumber, act: () => void): void {
    this.#writers.set(writer, act);
  }

  onSignal(act: () => void): void {
    this.#onSignal = act;
  }

  /** Runs until the promise is settled. @throws what it rejects with */
  run(work: Promise<number>): number {
    let end: { readonly code: number } | { readonly thrown: unknown } | undefined;
    work.then(
      (code) => {
        end = { code };
      },
      (thrown: unknown) => {
        end = { thrown };
      },
    );
    for (;;) {
      this.#host.runJobs();
      if (end) break;
      this.#turn();
    }
    if ("thrown" in end) throw end.thrown;
    return end.code;
  }

  #turn(): void {
    const waitMs = this.#later.length + this.#idle.length > 0 ? 0 : this.#untilTimer();
    if (waitMs > 0 && this.#turns >= TURNS_BETWEEN_COLLECTIONS) {
      this.#turns = 0;
      this.#host.collect();
    }
    this.#turns++;
    let reading = 0;
    for (const socket of this.#sockets.keys()) reading |= 1 << socket;
    const ready = this.#host.wait(waitMs, reading);
    if (ready & READY.signal) this.#onSignal();
    for (const socket of [SOCKET.nri, SOCKET.cri])
      if (ready & (1 << (READY.socket + socket))) this.#sockets.get(socket)?.();
    for (const writer of [WRITER.log, WRITER.error])
      if (ready & (1 << (READY.writer + writer))) this.#writers.get(writer)?.();
    if (this.#later.length > 0) for (const act of this.#later.splice(0)) act();
    if (this.#idle.length > 0) this.#idle = this.#idle.filter((act) => act());
    this.#expire();
  }

  #untilTimer(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const timer of this.#timers) atMs = Math.min(atMs, timer.atMs);
    return Math.min(Math.max(0, Math.ceil(atMs - this.now())), LONGEST_WAIT_MS);
  }

  #expire(): void {
    if (this.#timers.size === 0) return;
    const nowMs = this.now();
    const due = [...this.#timers].filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const timer of due) if (this.#timers.delete(timer)) timer.act();
  }
}
