import { decodeUtf8, encodeUtf8 } from "../log/byte-string.ts";
import { type ObserveHost, SOCKET } from "../native/observe-host.ts";
import type { Target } from "../nri/identity.ts";
import { NriError, type NriErrorReason } from "../nri/nri-error.ts";
import type { SessionEnd } from "../nri/run-sessions.ts";
import { type DriverOptions, ObserverDriver } from "./driver.ts";
import type { Loop } from "./loop.ts";
import { joined } from "./wire-message.ts";

/** What of the host a connection needs. */
export type SocketHost = Pick<
  ObserveHost,
  "connect" | "adopt" | "send" | "unsent" | "receive" | "close" | "errorName" | "fileKind"
>;

/** While the runtime has this much not read of what was sent, nothing more of it is read. */
const UNSENT_MOST = 64 << 10;
/** struct sockaddr_un has 108 bytes, one of them for the NUL (unix(7)). */
const PATH_BYTES_MOST = 107;
/** How often a runtime that does not read is looked at again. */
const LOOK_MS = 10;

/** One connection to a runtime after another. */
export class Connection {
  readonly #host: SocketHost;
  readonly #loop: Loop;
  readonly #options: DriverOptions;
  #driver: ObserverDriver | null = null;
  #outgoing: Uint8Array[] = [];
  #cancelTimer: () => void = () => {};
  #timerAtMs = Number.POSITIVE_INFINITY;
  #end: (error: NriError) => void = () => {};

  constructor(host: SocketHost, loop: Loop, options: DriverOptions) {
    this.#host = host;
    this.#loop = loop;
    this.#options = options;
  }

  /** Serves the runtime until the connection ends. Never rejects. */
  async serve(target: Target): Promise<SessionEnd> {
    const failed = this.#connect(target);
    if (failed) return { error: failed, synchronized: false };
    const driver = new ObserverDriver(this.#options, {
      write: (bytes) => void this.#outgoing.push(bytes),
      close: (error) => this.#close(error),
      now: () => this.#loop.now(),
    });
    this.#driver = driver;
    const error = await new Promise<NriError>((resolve) => {
      this.#end = resolve;
      this.#read();
      this.#act(() => driver.open());
    });
    return { error, synchronized: driver.synchronized };
  }

  /** Closes the connection, if there is one. */
  abort(): void {
    const driver = this.#driver;
    if (driver) this.#act(() => driver.close(new NriError("disconnected", "Connection closed: aborted")));
  }

  #connect(target: Target): NriError | null {
    const name = "path" in target ? target.path : `descriptor ${target.descriptor}`;
    const fail = (seen: string, reason?: NriErrorReason) =>
      new NriError("connect", `Cannot connect to the runtime at ${name}: ${seen}`, { reason });
    if ("descriptor" in target) {
      const errno = this.#host.adopt(SOCKET.nri, target.descriptor);
      return errno === 0 ? null : fail(`open ${this.#host.errorName(errno)}`);
    }
    const path = encodeUtf8(target.path);
    if (path.length > PATH_BYTES_MOST) return fail(`a socket's path has at most ${PATH_BYTES_MOST} bytes`);
    const errno = this.#host.connect(SOCKET.nri, path);
    switch (errno && this.#host.errorName(errno)) {
      case 0:
        return null;
      case "ENOENT":
        return fail("it is not there", "absent");
      case "EACCES":
        return fail("permission denied", "denied");
      case "ECONNREFUSED": {
        const kind = this.#host.fileKind(path);
        if (kind === "directory") return fail("it is a directory", "not-a-socket");
        if (kind === "other") return fail("it is not a socket", "not-a-socket");
        return fail("nobody listens there", "refused");
      }
      default:
        return fail(`connect ${this.#host.errorName(errno)} ${decodeUtf8(path)}`);
    }
  }

  /** Reads, unless the runtime itself does not. */
  #read(): void {
    this.#loop.onReadable(SOCKET.nri, () => this.#receive());
  }

  #receive(): void {
    const driver = this.#driver;
    const chunk = this.#host.receive(SOCKET.nri);
    if (!driver || chunk === 0) return;
    if (chunk === null) this.#lost("the runtime closed it");
    else if (typeof chunk === "number") this.#lost(`read ${this.#host.errorName(chunk)}`);
    else this.#act(() => driver.receive(chunk));
  }

  /** Has the driver do something, and sends all that it says at once. */
  #act(act: () => void): void {
    act();
    const [first, ...more] = this.#outgoing;
    this.#outgoing = [];
    if (this.#driver && first) {
      const errno = this.#host.send(SOCKET.nri, more.length === 0 ? first : joined([first, ...more]));
      if (errno !== 0) this.#lost(`write ${this.#host.errorName(errno)}`);
      else if (this.#host.unsent(SOCKET.nri) > UNSENT_MOST) this.#waitForReader();
    }
    this.#arm();
  }

  #waitForReader(): void {
    this.#loop.onReadable(SOCKET.nri, null);
    const look = () => {
      if (!this.#driver) return;
      if (this.#host.unsent(SOCKET.nri) === 0) this.#read();
      else this.#loop.after(LOOK_MS, look);
    };
    this.#loop.after(LOOK_MS, look);
  }

  #lost(why: string): void {
    const driver = this.#driver;
    const reason = driver?.silence;
    const error = new NriError("disconnected", `Connection to the runtime lost: ${why}`, { reason });
    if (driver) this.#act(() => driver.close(error));
  }

  #close(error: NriError): void {
    this.#driver = null;
    this.#outgoing = [];
    this.#cancelTimer();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#loop.onReadable(SOCKET.nri, null);
    this.#host.close(SOCKET.nri);
    this.#end(error);
  }

  #arm(): void {
    const driver = this.#driver;
    if (!driver || driver.wakeAtMs >= this.#timerAtMs) return;
    this.#cancelTimer();
    this.#timerAtMs = driver.wakeAtMs;
    this.#cancelTimer = this.#loop.after(driver.wakeAtMs - this.#loop.now(), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#act(() => driver.tick());
    });
  }
}
