import { onTestFinished } from "vitest";
import type { Handlers } from "../../../src/nri/handlers.ts";
import { createPlugin, type PluginOptions } from "../../../src/nri/nodejs/run-plugin.ts";

/** Runs a plugin until the test ends; `ended` is its error, or undefined. */
export function start(socket: string, handlers: Handlers = {}, options: Partial<PluginOptions> = {}) {
  const stop = new AbortController();
  const log: string[] = [];
  const plugin = createPlugin({
    ...{ name: "test", index: "10", socket, handlers, signal: stop.signal },
    log: (level, message) => void log.push(`${level}: ${message}`),
    ...options,
  });
  const ended = plugin.run().then(
    () => undefined,
    (error: unknown) => error,
  );
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return { plugin, log, ended, stop };
}
