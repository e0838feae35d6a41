import { constants, openSync } from "node:fs";
import { causeOf } from "../../machine/machine-error.ts";
import { Adjustment } from "../../nri/adjustment.ts";
import { type GoFlag, lastValue } from "../../nri/go-flags.ts";
import type { Handlers } from "../../nri/handlers.ts";
import { goQuote } from "../../nri/logrus.ts";
import { type Dumped, dumpLines } from "../dump.ts";
import { type PluginStart, type SamplePlugin, StartError } from "../sample-plugin.ts";
import { type LoggerSettings, parseEvents, withConfiguration } from "./configuration.ts";

/** Waits for nobody: a FIFO without a reader is refused. */
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK;
const MODE = 0o644;

const flag = (name: string, usage: string): GoFlag => ({ name, kind: "string", usage });

/** nri, plugins/logger: shows each event, and may mark the containers that are created. */
export const logger: SamplePlugin = {
  flags: [
    flag("events", "comma-separated events to log, such as RunPodSandbox,StartContainer; default: all"),
    flag("log-file", "append to this file instead of standard error"),
    flag("add-annotation", "add this annotation to containers"),
    flag("set-annotation", "set this annotation on containers, whoever has set it before"),
    flag("add-env", "add this environment variable to containers"),
    flag("set-env", "set this environment variable for containers, whoever has set it before"),
  ],
  example: "-idx 00 -events RunPodSandbox,RemovePodSandbox",
  start: (start) => new Logger(start).started(),
};

class Logger {
  readonly #start: PluginStart;
  #settings: LoggerSettings;

  /** @throws {StartError} */
  constructor(start: PluginStart) {
    this.#start = start;
    const value = (name: string) => lastValue(start.flags, name) ?? "";
    this.#settings = {
      logFile: value("log-file"),
      events: orStartError("failed to parse events: ", () => parseEvents(value("events").split(","))),
      addAnnotation: value("add-annotation"),
      setAnnotation: value("set-annotation"),
      addEnv: value("add-env"),
      setEnv: value("set-env"),
    };
    const { logFile } = this.#settings;
    if (logFile !== "") orStartError("", () => this.#open(logFile));
  }

  started(): ReturnType<SamplePlugin["start"]> {
    return {
      handlers: this.#handlers(),
    };
  }

  /** The runtime has its answer before anything is said. */
  #dump(event: string, objects: Readonly<Record<string, Dumped>>): void {
    setImmediate(() => this.#start.say("info", dumpLines(event, objects)));
  }

  #handlers(): Handlers {
    const ofPod = (event: string) => (pod: Dumped) => this.#dump(event, { pod });
    const ofContainer = (event: string) => (pod: Dumped, container: Dumped) => {
      this.#dump(event, { pod, container });
      return undefined;
    };
    return {
      configure: ({ config, name, version }) => this.#configure(config, `${name} ${version}`),
      synchronize: async (state) => {
        const { pods, containers } = await state.collect();
        this.#dump("Synchronize", { pods, containers });
        return undefined;
      },
      shutdown: () => undefined,
      runPodSandbox: ofPod("RunPodSandbox"),
      updatePodSandbox: (pod, overHeadResources, resources) =>
        this.#dump("UpdatePodSandbox", { pod, overHeadResources, resources }),
      postUpdatePodSandbox: ofPod("PostUpdatePodSandbox"),
      stopPodSandbox: ofPod("StopPodSandbox"),
      removePodSandbox: ofPod("RemovePodSandbox"),
      createContainer: (pod, container) => {
        this.#dump("CreateContainer", { pod, container });
        return { adjust: this.#mark() };
      },
      postCreateContainer: ofContainer("PostCreateContainer"),
      startContainer: ofContainer("StartContainer"),
      postStartContainer: ofContainer("PostStartContainer"),
      updateContainer: (pod, container, resources) => {
        this.#dump("UpdateContainer", { pod, container, resources });
        return undefined;
      },
      postUpdateContainer: ofContainer("PostUpdateContainer"),
      stopContainer: ofContainer("StopContainer"),
      removeContainer: ofContainer("RemoveContainer"),
      validateContainerAdjustment: (request) => {
        this.#dump("ValidateContainerAdjustment", { request });
        return undefined;
      },
    };
  }

  /** What is wrong with a configuration is said; the plugin goes on as it was told by its flags. */
  #configure(text: string, runtime: string): LoggerSettings["events"] {
    const { say } = this.#start;
    if (text !== "") {
      const { settings, complaints } = withConfiguration(this.#settings, text);
      const failures = [...complaints];
      if (settings.logFile && settings.logFile !== this.#settings.logFile)
        try {
          this.#open(settings.logFile);
        } catch (error) {
          failures.push(error instanceof Error ? error.message : String(error));
        }
      this.#settings = settings;
      say("info", `got configuration data: ${goQuote(text)} from runtime ${runtime}`);
      for (const failure of failures) say("error", `failed to parse provided configuration: ${failure}`);
    }
    return this.#settings.events;
  }

  /**
   * The descriptor stays open: lines may be on their way to it.
   * @throws Error why it cannot be opened
   */
  #open(file: string): void {
    try {
      this.#start.sayTo(openSync(file, APPEND, MODE));
    } catch (error) {
      throw new Error(`failed to open log file ${goQuote(file)}: ${causeOf(error)}`);
    }
  }

  #mark(): Adjustment {
    const { addAnnotation, setAnnotation, addEnv, setEnv } = this.#settings;
    const value = `logger-pid-${process.pid}`;
    const adjust = new Adjustment();
    if (addAnnotation) adjust.addAnnotation(addAnnotation, value);
    if (setAnnotation) adjust.removeAnnotation(setAnnotation).addAnnotation(setAnnotation, value);
    if (addEnv) adjust.addEnv(addEnv, value);
    if (setEnv) adjust.removeEnv(setEnv).addEnv(setEnv, value);
    return adjust;
  }
}

function orStartError<T>(doing: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new StartError(`${doing}${error instanceof Error ? error.message : error}`);
  }
}
