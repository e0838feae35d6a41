import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { RuntimeConnection } from "../../../scripts/nri/runtime-connection.ts";

/** A runtime on a Unix socket, for what no available containerd does. It is closed when the test ends. */
export class FakeRuntime {
  readonly socket: string;
  /** If false, RegisterPlugin is received but not answered. */
  answersRegistration = true;
  readonly #server: Server;
  readonly #all: RuntimeConnection[] = [];
  readonly #arrived: RuntimeConnection[] = [];
  readonly #waiting: ((connection: RuntimeConnection) => void)[] = [];

  static async listen(socket?: string): Promise<FakeRuntime> {
    const directory = mkdtempSync(join(tmpdir(), "cni-tap-nri-"));
    const runtime = new FakeRuntime(socket ?? join(directory, "nri.sock"));
    await new Promise<void>((resolve) => runtime.#server.listen(runtime.socket, resolve));
    onTestFinished(async () => {
      await runtime.close();
      rmSync(directory, { recursive: true, force: true });
    });
    return runtime;
  }

  private constructor(socket: string) {
    this.socket = socket;
    this.#server = createServer((peer) => {
      const connection = new RuntimeConnection(peer, this.answersRegistration);
      this.#all.push(connection);
      const waiting = this.#waiting.shift();
      if (waiting) waiting(connection);
      else this.#arrived.push(connection);
    });
  }

  /** The next plugin that connects. */
  async next(): Promise<RuntimeConnection> {
    const arrived = this.#arrived.shift();
    return arrived ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Closes all connections, and accepts no more. */
  async close(): Promise<void> {
    for (const { socket } of this.#all) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
