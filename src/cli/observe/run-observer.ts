import type { Keys } from "../../conflist/stanza-keys.ts";
import type { RuntimeInfo } from "../../nri/handlers.ts";
import type { IdentityOptions } from "../../nri/identity.ts";
import type { Level } from "../../nri/logrus.ts";
import { PluginLog } from "../../nri/nodejs/plugin-log.ts";
import { parseConfiguration } from "../../observe/configuration.ts";
import { Observer } from "../../observe/observer.ts";
import { readSettings } from "../../observe/observer-settings.ts";
import { PodLog } from "../../observe/pod-log.ts";
import { serveRuntime } from "./serve-runtime.ts";

export interface ObserveRequest {
  readonly identity: IdentityOptions;
  readonly socket: string | undefined;
  /** Exit when the runtime cannot be reached or goes away. */
  readonly once: boolean;
  /** How to log: keys of this node's taps, and of flags, which take precedence. */
  readonly taps: Keys;
  readonly flags: Keys;
}

/** It exits within a second of SIGTERM: the time for all waiting lines, and the log's part of it. */
const END_MS = 750;
const LOG_END_MS = 600;

/**
 * Observes until a signal, or with `once` until the connection ends. Returns the exit code.
 * @throws {UsageError} if name, index or socket are invalid
 */
export async function observe(request: ObserveRequest): Promise<number> {
  const speaker = new PluginLog();
  const say = (level: Level, messages: string | readonly string[]) => speaker.say(level, messages);
  const { settings } = readSettings({ ...request.taps, ...request.flags });
  const log = new PodLog(settings, say);
  const observer = new Observer({
    now: Date.now,
    afterAnswer: (act) => void setImmediate(act),
    report: (report) => {
      log.add(report); // first, because the lines of the next CNI call are near
      say("info", report.sentences);
    },
  });
  const configure = async ({ config }: RuntimeInfo) => {
    for (const complaint of await useConfiguration(config, request, log)) {
      say("warning", complaint);
      log.note(complaint); // the standard error of a plugin that a runtime launched is /dev/null
    }
    return undefined;
  };

  const code = await serveRuntime({
    identity: request.identity,
    socket: request.socket,
    once: request.once,
    handlers: { configure, ...observer.handlers },
    say,
  });
  const endsMs = performance.now() + END_MS;
  const lost = await log.end(LOG_END_MS);
  if (lost > 0) say("warning", `${lost} pod lines were not written`);
  await speaker.end(endsMs - performance.now());
  return code;
}

/** Applies the configuration from the runtime. Returns complaints about it. */
async function useConfiguration(
  text: string,
  request: ObserveRequest,
  log: PodLog,
): Promise<readonly string[]> {
  if (text === "") return [];
  const read = await parseConfiguration(text);
  if ("complaint" in read) return [read.complaint];
  const { settings, complaints } = readSettings({ ...request.taps, ...read.keys, ...request.flags });
  log.settings = settings;
  return complaints;
}
