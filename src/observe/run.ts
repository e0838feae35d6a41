import { firstRecordedKeys, parseInstallations, RECORD_PATH } from "../conflist/installations.ts";
import type { Keys } from "../conflist/stanza-keys.ts";
import { asByteString, type ByteString, decodeUtf8, encodeUtf8 } from "../log/byte-string.ts";
import type { ObserveHost } from "../native/observe-host.ts";
import { resolveIdentity, resolveTarget, type Target } from "../nri/identity.ts";
import type { Level } from "../nri/logrus.ts";
import { NriError } from "../nri/nri-error.ts";
import { type LogLevel, runSessions } from "../nri/run-sessions.ts";
import type { Identity } from "../nri/session.ts";
import { createdText } from "../nri/wording.ts";
import { adviceFor, hintFor } from "./advice.ts";
import { ObserverCodec, POD_CALLS } from "./codec.ts";
import { type CommandName, type ObserveFlags, readCommandLine } from "./command-line.ts";
import { parseConfiguration, type YamlParser } from "./configuration.ts";
import { Connection } from "./connection.ts";
import { ErrorLog } from "./error-log.ts";
import { hasPluginName, withDefaults } from "./identity.ts";
import { Loop } from "./loop.ts";
import { Observer } from "./observer.ts";
import { readSettings } from "./observer-settings.ts";
import { PodLog } from "./pod-log.ts";
import { PodReader } from "./pod-record.ts";
import { Reports } from "./reports.ts";
import { RuntimeQuestion } from "./runtime-question.ts";

/** Exit codes, as cnitap's. */
const EXIT = { fine: 0, failed: 1, usage: 2 } as const;

/** It exits within a second of SIGTERM: the time for all waiting lines, and the log's part of it. */
const END_MS = 750;
const LOG_END_MS = 600;
const RECORD_BYTES_MOST = 1 << 20;

const LEVELS: Readonly<Record<Exclude<LogLevel, "debug">, Level>> = {
  info: "info",
  warn: "warning",
  error: "error",
};

/** The name of the executable, where it was started by that, and not by cnitap. */
const OWN_NAME = "cnitap-observe";

/** The observer's whole life; the exit code. */
export function run(host: ObserveHost, parser: () => YamlParser): number {
  const [program = OWN_NAME, ...given] = host.args().map(decodeUtf8);
  const file = program.split("/").at(-1) ?? "";
  const name: CommandName =
    file === OWN_NAME
      ? { program: OWN_NAME, command: OWN_NAME }
      : { program: "cnitap", command: "cnitap observe" };
  const line = readCommandLine(given, name);
  if (line.kind !== "observe") {
    host.print(line.kind === "told" ? 1 : 2, encodeUtf8(line.text));
    return line.kind === "told" ? EXIT.fine : EXIT.usage;
  }
  try {
    return new Observe(host, parser, line.flags, program).run();
  } catch (error) {
    if (!(error instanceof NriError) || error.code !== "configuration") throw error;
    host.print(2, encodeUtf8(`${name.program}: ${error.message}${hintFor(error)}\n`));
    return EXIT.usage;
  }
}

/** One run: the parts, and what goes on between them. */
class Observe {
  readonly #parser: () => YamlParser;
  readonly #loop: Loop;
  readonly #flags: ObserveFlags;
  readonly #taps: Keys;
  readonly #identity: Identity;
  readonly #target: Target;
  readonly #errors: ErrorLog;
  readonly #log: PodLog;
  readonly #reports: Reports;
  readonly #question: RuntimeQuestion;
  readonly #connection: Connection;
  readonly #program: string;
  #stopped = false;
  #wake: () => void = () => {};

  /** @throws {NriError} "configuration" */
  constructor(host: ObserveHost, parser: () => YamlParser, flags: ObserveFlags, program: string) {
    this.#parser = parser;
    this.#flags = flags;
    this.#program = program;
    const env = environment(host);
    const wanted = { name: flags.name, index: flags.index };
    this.#identity = resolveIdentity(withDefaults(wanted, env, program), env, program);
    this.#target = resolveTarget(flags.socket, env);
    this.#taps = tapsKeys(host);
    this.#loop = new Loop(host);
    const pods = new PodReader(host);
    this.#errors = new ErrorLog(host, this.#loop);
    const { settings } = readSettings({ ...this.#taps, ...flags.keys });
    this.#log = new PodLog(host, this.#loop, settings, (level, text) => this.#errors.say(level, text));
    this.#reports = new Reports(this.#loop, pods, (part, all) => {
      this.#log.add(part, all); // first, because the lines of the next CNI call are near
      this.#errors.tell(part, all);
    });
    this.#question = new RuntimeQuestion(host, this.#loop);
    this.#connection = new Connection(host, this.#loop, {
      identity: this.#identity,
      codec: new ObserverCodec(host, pods),
      observer: new Observer({
        now: () => host.wallMs(),
        afterAnswer: (act) => this.#loop.afterAnswer(act),
        report: (report) => this.#reports.add(report),
        idOf: (record) => pods.idOf(record),
      }),
      configure: (config) => this.#configure(config),
      log: (level, message, error) => this.#report(level, message, error),
    });
  }

  run(): number {
    return this.#loop.run(this.#serve());
  }

  async #serve(): Promise<number> {
    this.#loop.onSignal(() => this.#stop());
    const file = this.#program.split("/").at(-1) ?? "";
    this.#errors.say("info", createdText(this.#identity, file, POD_CALLS));
    let code: number = EXIT.fine;
    try {
      await runSessions({
        serve: () => this.#connection.serve(this.#target),
        pause: (ms) => this.#pause(ms),
        stopped: () => this.#stopped,
        reconnect: !this.#flags.once && !hasPluginName(this.#program) && "path" in this.#target,
        log: (level, message, error) => this.#report(level, message, error),
      });
    } catch (error) {
      if (!(error instanceof NriError)) throw error;
      code = EXIT.failed;
      const lost = error.code === "disconnected";
      if (!lost || error.reason === "no-nri") await this.#sayWithAdvice("error", error.message, error);
      if (lost) this.#errors.say("info", "Connection to the runtime lost, exiting...");
    }
    await new Promise<void>((resolve) => this.#loop.afterAnswer(resolve)); // the reports of the last events are made
    this.#reports.flush();
    const endsMs = this.#loop.now() + END_MS;
    const lost = await this.#log.end(LOG_END_MS);
    if (lost > 0) this.#errors.say("warning", `${lost} pod lines were not written`);
    await this.#errors.end(endsMs - this.#loop.now());
    return code;
  }

  #stop(): void {
    this.#stopped = true;
    this.#question.cancel();
    this.#connection.abort();
    this.#wake();
  }

  /** Ends early when it is stopped. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#loop.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #report(level: LogLevel, message: string, error?: NriError): void {
    if (level === "debug") return;
    if (error) void this.#sayWithAdvice(LEVELS[level], message, error);
    else this.#errors.say(LEVELS[level], message);
  }

  async #sayWithAdvice(level: Level, message: string, error: NriError): Promise<void> {
    const advice = await adviceFor(error, () => this.#question.ask());
    this.#errors.say(level, advice ? `${message}. ${advice}` : message);
  }

  /** Applies the configuration from the runtime, and says what is wrong with it. */
  #configure(text: string): void {
    if (text === "") return;
    const read = parseConfiguration(text, this.#parser);
    let complaints: readonly string[];
    if ("complaint" in read) complaints = [read.complaint];
    else {
      const { settings, complaints: wrong } = readSettings({
        ...this.#taps,
        ...read.keys,
        ...this.#flags.keys,
      });
      this.#log.settings = settings;
      complaints = wrong;
    }
    for (const complaint of complaints) {
      this.#errors.say("warning", complaint);
      this.#log.note(complaint); // the standard error of a plugin that a runtime launched is /dev/null
    }
  }
}

function environment(host: ObserveHost) {
  const text = (name: string) => {
    const value = host.env(name);
    return value === null ? undefined : decodeUtf8(value);
  };
  return {
    NRI_PLUGIN_NAME: text("NRI_PLUGIN_NAME"),
    NRI_PLUGIN_IDX: text("NRI_PLUGIN_IDX"),
    NRI_PLUGIN_SOCKET: text("NRI_PLUGIN_SOCKET"),
  };
}

/** The keys of this node's taps from cnitap's record, so that both share a log; empty if unknown. */
function tapsKeys(host: ObserveHost): Keys {
  const text: ByteString | number = host.readFile(asByteString(RECORD_PATH), RECORD_BYTES_MOST);
  const networks = typeof text === "number" ? null : parseInstallations(decodeUtf8(text));
  return firstRecordedKeys(networks ?? []);
}
