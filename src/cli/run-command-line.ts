import { CommanderError } from "commander";
import { ConflistError } from "../conflist/conflist-error.ts";
import { MachineError } from "../machine/machine-error.ts";
import { CliError, UsageError } from "./cli-error.ts";
import { EXIT, escapeForTerminal, type Io } from "./io.ts";
import { findLaunch } from "./plugin/launch.ts";
import { runSamplePlugin } from "./plugin/run-sample-plugin.ts";
import { createProgram } from "./program.ts";

/** How this process was started. */
export interface Started {
  /** cnitap's version. */
  readonly version: string;
  /** The path of the executable, as given. */
  readonly program: string;
}

/** Runs a command line (without the program name), reports errors and sets the exit code. */
export async function run(args: readonly string[], started: Started, io: Io): Promise<void> {
  const program = createProgram(started.version, io);
  try {
    const launch = findLaunch(args, started.program);
    if (launch) return await runSamplePlugin(launch, io);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: "user" });
  } catch (error) {
    io.exitCode = report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  }
  if (error instanceof CliError || error instanceof MachineError || error instanceof ConflistError) {
    io.err(`cnitap: ${escapeForTerminal(error.message)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
  throw error;
}
