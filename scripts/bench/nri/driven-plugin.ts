import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { RuntimeConnection } from "../../nri/runtime-connection.ts";
import type { Figures } from "./figures.ts";
import { POD_NAME } from "./messages.ts";
import { PluginProcess } from "./plugin-process.ts";
import type { Plugin } from "./plugins.ts";

/** A plugin that is registered with a runtime in this process. */
export class DrivenPlugin {
  readonly process: PluginProcess;
  readonly connection: RuntimeConnection;
  /** Milliseconds from the start of its process to its registration. */
  readonly registeredMs: number;
  readonly #log: string | undefined;

  private constructor(
    child: PluginProcess,
    connection: RuntimeConnection,
    registeredMs: number,
    log: string | undefined,
  ) {
    this.process = child;
    this.connection = connection;
    this.registeredMs = registeredMs;
    this.#log = log;
  }

  /** Starts a plugin with its own socket and log in `folder`. */
  static async start(plugin: Plugin, folder: string): Promise<DrivenPlugin> {
    const own = mkdtempSync(join(folder, "plugin-"));
    const [path, log] = [join(own, "nri.sock"), join(own, "log")];
    const server = createServer().listen(path);
    await once(server, "listening");
    const startMs = performance.now();
    const child = new PluginProcess(plugin.command(path, log), join(own, "stderr"));
    try {
      const [peer]: Socket[] = await child.whileItRuns(once(server, "connection"));
      if (!peer) throw new Error(`Cannot measure ${plugin.name}: no connection came`);
      const connection = new RuntimeConnection(peer, true);
      await child.whileItRuns(connection.registration);
      return new DrivenPlugin(child, connection, performance.now() - startMs, plugin.logs && log);
    } catch (error) {
      await child.end();
      throw error;
    } finally {
      server.close();
    }
  }

  async stop(): Promise<void> {
    await this.process.end();
    this.connection.socket.destroy();
  }

  /** The number of lines about pods in its log, as a figure; no figure if the plugin has no log. */
  logLines(name: string): Figures {
    if (this.#log === undefined) return new Map();
    const lines = existsSync(this.#log) ? readFileSync(this.#log, "utf8").split("\n") : [];
    return new Map([[name, lines.filter((line) => line.includes(POD_NAME)).length]]);
  }
}
