import { Command, Option } from "commander";
import { type InstallMode, recordedKeys } from "../../conflist/installations.ts";
import type { StanzaEntry } from "../../conflist/tap-entries.ts";
import { READABLE_BY_OTHERS } from "../../log/fitness.ts";
import { loadTaps } from "../../machine/carried-taps.ts";
import { readLogMode } from "../../machine/log-state.ts";
import { Root } from "../../machine/root.ts";
import { retakeSurvey, type Survey, takeSurvey } from "../../machine/survey.ts";
import { carryOut, checkLoaded, type Loaded, retryWhileFilesChange, sayLoaded } from "../carry-out.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { addCommonOptions, type CommonOptions, placesOf } from "../common-options.ts";
import { checkSubject } from "../doctor/check.ts";
import { findBlock } from "../doctor/run-checks.ts";
import { EXIT, escapeForTerminal, type Io, paint, printJson } from "../io.ts";
import type { ObserveMode } from "../observer-steps.ts";
import { paintDiff, showNotes, stepDiff, stepJson, stepLine } from "../show-steps.ts";
import { collectSetting, givenKeys, logFileOf, stanzaOf } from "../stanza-options.ts";
import { uninstall } from "../uninstall/run-uninstall.ts";
import { type InstallPlan, type InstallRequest, planInstall } from "./plan-install.ts";
import { catchSignals, parseDuration } from "./wait-for-end.ts";

interface InstallOptions extends CommonOptions {
  readonly network?: string;
  readonly mode: InstallMode;
  readonly format: "json" | "classic";
  readonly logFile?: string;
  readonly lockFile?: string;
  readonly set?: StanzaEntry;
  readonly capabilities?: boolean;
  readonly only?: readonly string[];
  /** True: without a value. */
  readonly delegates?: true | "all";
  /** True: without a value. */
  readonly observe?: true | ObserveMode;
  readonly from?: string;
  readonly for?: number;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export function installCommand(io: Io): Command {
  const command = new Command("install")
    .description("Add the taps to this node's network. Nothing is restarted.")
    .option("--network <name>", "use this network instead of the one that pods get")
    .addOption(
      new Option(
        "--mode <mode>",
        "cni_pre first and cni_post last, cni_post alone, cni_post as a drop-in file, or cni_wrap in place of each plugin",
      )
        .choices(["both", "post", "drop-in", "wrap"])
        .default("both"),
    )
    .option(
      "--only <type>",
      "with --mode wrap: wrap only this plugin; can be repeated",
      (type: string, before: readonly string[] = []) => [...before, type],
    )
    .addOption(
      new Option(
        "--delegates [all]",
        "with --mode wrap: also log the IPAM and other plugins that these start; all: have a link for every plugin",
      ).choices(["all"]),
    )
    .addOption(new Option("--format <format>", "of the log").choices(["json", "classic"]).default("json"))
    .option("--log-file <file>", "where the taps log (default: /tmp/cni.log)")
    .option("--lock-file <file>", "the taps' lock file (default: /var/run/lock/cni.lock)")
    .option("--set <key=value>", "set another key of the taps' entries; can be repeated", collectSetting)
    .option(
      "--no-capabilities",
      "do not log the runtimeConfig that the other plugins are given, as port mappings",
    )
    .addOption(new Option("--capabilities", "the default").hideHelp())
    .addOption(
      new Option(
        "--observe [how]",
        "also install cnitap-observe, which logs the pods' events: as a service of systemd (default), or as an NRI plugin that the runtime starts",
      ).choices(["service", "nri"]),
    )
    .option("--from <dir>", "use the executables of this directory instead of the built-in ones")
    .option("--for <time>", "wait, and uninstall after this time (30s, 30m, 2h) or at Ctrl-C", parseDuration)
    .option("--dry-run", "show the changes without making them")
    .option("--force", "continue although a check fails")
    .addHelpText(
      "after",
      `
A second run sets what it does not name to its default, also what the first one named. Only an observer stays as it is.
Exit: 0 installed or there already, 1 failed, 2 invalid usage, 3 installed, but the runtime has not loaded it.

Examples:
  $ cnitap install --dry-run
  $ cnitap install --for 30m --set label=ticket-4711
  $ cnitap install --mode wrap --only calico --delegates
  $ cnitap install --observe
`,
    );
  return addCommonOptions(command).action(async (options: InstallOptions) => {
    io.exitCode = await runInstall(io, options);
  });
}

async function runInstall(io: Io, options: InstallOptions): Promise<number> {
  const request = readRequest(options);
  const signals = options.for === undefined ? null : catchSignals();
  const places = placesOf(options);
  const survey = await takeSurvey(places);
  const make = () => planInstall(retakeSurvey(survey, places.binDir), request);
  const plan = await retryWhileFilesChange(make);
  if (plan.steps.length > 0 && !request.force) await refuseBlocked(survey, request);
  if (options.dryRun) {
    showPlan(io, plan, options.json === true);
    return EXIT.fine;
  }
  const say = (line: string) => io.err(`cnitap: ${line}\n`);
  const done = await carryOut(survey, make, say);
  const loaded = await checkLoaded(survey, done.expected);
  showDone(io, done, loaded, sayLoaded(survey, loaded), options);
  if (options.for !== undefined) {
    await signals?.wait(options.for);
    return uninstall(io, options, {
      network: done.installation.network,
      observer: options.observe !== undefined,
      purge: false,
      force: false,
      dryRun: false,
    });
  }
  return loaded && !loaded.ok ? EXIT.found : EXIT.fine;
}

/** @throws {CliError} if doctor finds an error that prevents an installation */
async function refuseBlocked(survey: Survey, request: InstallRequest): Promise<void> {
  const block = await findBlock(checkSubject(survey, request.stanza));
  if (block)
    throw new CliError(`Cannot install: ${block.seen}\n${block.advice} To go on all the same, use --force.`);
}

/** @throws {UsageError} if an option does not fit the mode or the taps */
function readRequest(options: InstallOptions): InstallRequest {
  for (const [name, value] of [
    ["--only", options.only],
    ["--delegates", options.delegates],
  ] as const) {
    if (value !== undefined && options.mode !== "wrap")
      throw new UsageError(`Cannot use ${name} with --mode ${options.mode}: it is for --mode wrap`);
  }
  const { logFile, lockFile, format: logFormat } = options;
  const keys = givenKeys({ logFile, lockFile, logFormat }, options.set);
  return {
    ...(options.network === undefined ? {} : { network: options.network }),
    mode: options.mode,
    stanza: stanzaOf(keys),
    capabilities: options.capabilities !== false,
    only: options.only === undefined ? null : [...new Set(options.only)].sort(),
    delegates: options.delegates === undefined ? "none" : options.delegates === "all" ? "all" : "named",
    observe: options.observe === true ? "service" : (options.observe ?? null),
    force: options.force === true,
    taps: loadTaps(options.from),
  };
}

function showPlan(io: Io, plan: InstallPlan, json: boolean): void {
  if (json) {
    printJson(io, {
      network: plan.installation.network,
      mode: plan.installation.mode,
      steps: plan.steps.map(stepJson),
      warnings: plan.warnings,
      notes: plan.notes,
    });
    return;
  }
  if (plan.steps.length === 0) io.out(`Nothing to do: ${title(plan)} already has ${what(plan)}.\n`);
  for (const step of plan.steps) {
    const diff = stepDiff(step);
    io.out(
      diff === null ? `${stepLine(step, "will")}\n` : `${stepLine(step, "will")}\n${paintDiff(io, diff)}`,
    );
  }
  showWarnings(io, plan);
  showNotes(io, plan.notes);
}

function showDone(io: Io, plan: InstallPlan, loaded: Loaded, words: string, options: InstallOptions): void {
  const { installation, steps } = plan;
  if (options.json) {
    const runtime = loaded && {
      name: loaded.runtime.name,
      version: loaded.runtime.version,
      loaded: loaded.ok,
    };
    const { network, mode, confDir, file, binDir } = installation;
    printJson(io, {
      network,
      mode,
      confDir,
      file,
      binDir,
      changed: steps.length > 0,
      steps: steps.map(stepJson),
      warnings: plan.warnings,
      notes: plan.notes,
      runtime,
    });
    return;
  }
  const heading =
    steps.length === 0
      ? `Nothing to do: ${title(plan)} already has ${what(plan)}.`
      : `Installed into ${title(plan)}.`;
  io.out(`${paint(io, "bold", heading)}\n`);
  for (const step of steps) io.out(`  ${stepLine(step, "did")}\n`);
  io.out(`${words}\n`);
  showWarnings(io, plan);
  const log = logFileOf(recordedKeys(installation) ?? {});
  const mode = readLogMode(new Root(options.hostRoot), log);
  if (mode !== null && (mode & READABLE_BY_OTHERS) !== 0) {
    io.out(
      `${escapeForTerminal(log)} was there with mode ${mode.toString(8)}, and others can read it: chmod 600 closes it.\n`,
    );
  }
  showNotes(io, plan.notes);
  io.out(`Pods started or stopped from now on are logged: tail -F ${escapeForTerminal(log)}\n`);
  if (options.for !== undefined) {
    io.out(`Press Ctrl-C to remove the taps${options.observe === undefined ? "" : " and the observer"}.\n`);
  }
}

function showWarnings(io: Io, { warnings }: InstallPlan): void {
  for (const text of warnings) io.out(`${paint(io, "yellow", "Warning:")} ${escapeForTerminal(text)}\n`);
}

function what({ installation }: InstallPlan): string {
  return installation.mode === "wrap" ? "its plugins wrapped" : "the taps";
}

function title({ installation }: InstallPlan): string {
  return escapeForTerminal(
    `the network ${installation.network} (${installation.confDir}/${installation.file})`,
  );
}
