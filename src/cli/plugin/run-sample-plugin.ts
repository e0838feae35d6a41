import { constants, openSync } from "node:fs";
import { causeOf } from "../../machine/machine-error.ts";
import { type GoFlag, type GoValues, goUsage, isOn, lastValue, parseGoFlags } from "../../nri/go-flags.ts";
import type { Handlers, RuntimeInfo } from "../../nri/handlers.ts";
import { goQuote } from "../../nri/logrus.ts";
import { PluginLog } from "../../nri/nodejs/plugin-log.ts";
import { withDefaults } from "../../observe/identity.ts";
import { readConfiguration } from "../../plugins/configuration.ts";
import {
  COMMON_FLAGS,
  LOG_FILE_FLAG,
  type SamplePlugin,
  StartError,
  type StartedPlugin,
} from "../../plugins/sample-plugin.ts";
import { EXIT, type Io } from "../io.ts";
import { serveRuntime } from "../observe/serve-runtime.ts";
import type { Launch } from "./launch.ts";

/** How long it writes waiting lines at its end. */
const END_MS = 750;
/** Waits for nobody (a FIFO without a reader is refused), and follows no link that others may have planted. */
const APPEND =
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** The logger shows containers' environments. */
const MODE = 0o600;

/** Runs a plugin until it is stopped. Sets the exit code: 0 stopped, 1 failed, 2 invalid usage. */
export async function runSamplePlugin({ entry, args, program, byName }: Launch, io: Io): Promise<void> {
  const plugin = await entry.load();
  const configurable = [LOG_FILE_FLAG, ...plugin.flags];
  const known = [...COMMON_FLAGS, ...configurable];
  const parsed = parseGoFlags(args, known);
  const usage = goUsage(program, known);
  if ("help" in parsed) {
    io.out(`${usage}\nExample:\n  $ ${program} ${plugin.example}\n`);
    return;
  }
  if ("error" in parsed) {
    io.err(`${parsed.error}\n${usage}`);
    io.exitCode = EXIT.usage;
    return;
  }
  const { values } = parsed;
  const runner = new Runner(plugin, configurable, values);
  const identity = { name: lastValue(values, "name"), index: lastValue(values, "idx") };
  if (runner.start())
    io.exitCode = await serveRuntime({
      identity: withDefaults(identity, process.env, program, entry.name),
      socket: lastValue(values, "socket") ?? lastValue(values, "socket-path"),
      once: byName || isOn(values, "once"),
      handlers: runner.handlers,
      failRequests: runner.failRequests,
      say: (level, message) => runner.log.say(level, message),
    });
  else io.exitCode = EXIT.failed;
  await runner.end();
  io.leave();
}

/** A plugin, started with its flags and again with the configuration of each runtime that has one. */
class Runner {
  readonly log = new PluginLog();
  /** Those of what was started last. */
  readonly handlers: Handlers = {};
  readonly #plugin: SamplePlugin;
  readonly #configurable: readonly GoFlag[];
  readonly #flags: GoValues;
  #started: StartedPlugin | undefined;
  #logFile = "";

  constructor(plugin: SamplePlugin, configurable: readonly GoFlag[], flags: GoValues) {
    this.#plugin = plugin;
    this.#configurable = configurable;
    this.#flags = flags;
  }

  get failRequests(): readonly (keyof Handlers)[] {
    return this.#started?.failRequests ?? [];
  }

  /** Says why, if it cannot start. */
  start(): boolean {
    try {
      this.#startWith(this.#flags);
      return true;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.log.say("fatal", error.message);
      return false;
    }
  }

  async end(): Promise<void> {
    this.#started?.end?.();
    await this.log.end(END_MS);
  }

  /** @throws {StartError} if it cannot; what was started before goes on, unless only the log cannot be opened */
  #startWith(flags: GoValues, faults: readonly string[] = []): void {
    const logFault = this.#openLog(lastValue(flags, "log-file") ?? "");
    this.log.debug = isOn(flags, "verbose");
    const started = this.#plugin.start({
      ...{ flags, faults: [...faults, ...logFault] },
      say: (level, messages, fields) => this.log.say(level, messages, fields),
    });
    this.#started?.end?.();
    this.#started = started;
    Object.assign(this.handlers, started.handlers, {
      configure: (runtime: RuntimeInfo) => this.#configure(runtime),
    });
    for (const fault of logFault) throw new StartError(fault);
  }

  /** What is wrong is said and left out: a plugin that ended here would be gone until the runtime's restart. */
  #configure({ config, name, version }: RuntimeInfo): StartedPlugin["events"] {
    if (config !== "") {
      const { values, complaints } = readConfiguration(config, this.#configurable);
      const faults = [...complaints];
      try {
        this.#startWith(new Map([...this.#flags, ...values]), complaints);
      } catch (error) {
        if (!(error instanceof StartError)) throw error;
        faults.push(error.message);
      }
      this.log.say("info", `got configuration data: ${goQuote(config)} from runtime ${name} ${version}`);
      for (const fault of faults) this.log.say("error", `failed to parse provided configuration: ${fault}`);
    }
    return this.#started?.events;
  }

  /** Returns what is wrong. The descriptor of an earlier file stays open: lines may be on their way to it. */
  #openLog(file: string): readonly string[] {
    if (file === "" || file === this.#logFile) return [];
    try {
      this.log.writeTo(openSync(file, APPEND, MODE));
      this.#logFile = file;
      return [];
    } catch (error) {
      return [`failed to open log file ${goQuote(file)}: ${causeOf(error)}`];
    }
  }
}
