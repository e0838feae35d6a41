import { setImmediate as turn } from "node:timers/promises";
import type { Keys } from "../../conflist/stanza-keys.ts";
import type { LogLevel } from "../../nri/driver.ts";
import type { RuntimeInfo } from "../../nri/handlers.ts";
import type { IdentityOptions } from "../../nri/identity.ts";
import { createPlugin } from "../../nri/nodejs/run-plugin.ts";
import { NriError } from "../../nri/nri-error.ts";
import { parseConfiguration } from "../../observe/configuration.ts";
import type { Level } from "../../observe/logrus.ts";
import { Observer } from "../../observe/observer.ts";
import { readSettings } from "../../observe/observer-settings.ts";
import { PodLog } from "../../observe/pod-log.ts";
import { StderrLog } from "../../observe/stderr-log.ts";
import { UsageError } from "../cli-error.ts";
import { EXIT } from "../io.ts";
import { adviceFor } from "./advice.ts";

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

const LEVELS: Readonly<Record<Exclude<LogLevel, "debug">, Level>> = {
  info: "info",
  warn: "warning",
  error: "error",
};

/**
 * Observes until a signal, or with `once` until the connection ends. Returns the exit code.
 * @throws {UsageError} if name, index or socket are invalid
 */
export async function observe(request: ObserveRequest): Promise<number> {
  const speaker = new StderrLog();
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

  const stop = new AbortController();
  const plugin = makePlugin({
    ...request.identity,
    socket: request.socket,
    reconnect: !request.once,
    signal: stop.signal,
    handlers: { configure, ...observer.handlers },
    log: (level, message, error) => {
      if (level !== "debug") void sayWithAdvice(say, LEVELS[level], message, error, stop.signal);
    },
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  process.on("SIGXFSZ", () => {}); // RLIMIT_FSIZE: let the write fail instead of the process

  let code: number = EXIT.fine;
  try {
    await plugin.run();
  } catch (error) {
    if (!(error instanceof NriError)) throw error;
    code = EXIT.failed;
    const lost = error.code === "disconnected";
    if (!lost || error.reason === "no-nri")
      await sayWithAdvice(say, "error", error.message, error, stop.signal);
    if (lost) say("info", "Connection to the runtime lost, exiting...");
  }
  await turn(); // lets the reports of the last events be made
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

function makePlugin(options: Parameters<typeof createPlugin>[0]): ReturnType<typeof createPlugin> {
  try {
    return createPlugin(options);
  } catch (error) {
    if (!(error instanceof NriError)) throw error;
    throw new UsageError(`${error.message}${hintFor(error)}`);
  }
}

function hintFor({ option, reason }: NriError): string {
  if (option !== "index") return "";
  return reason === "conflict"
    ? "\nLeave --idx out: the runtime has chosen."
    : "\nAn index is two digits, as in -idx 10.";
}

async function sayWithAdvice(
  say: (level: Level, message: string) => void,
  level: Level,
  message: string,
  error: NriError | undefined,
  signal: AbortSignal,
): Promise<void> {
  const advice = error ? await adviceFor(error, signal) : "";
  say(level, advice ? `${message}. ${advice}` : message);
}
