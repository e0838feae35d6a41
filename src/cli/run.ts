import { CommanderError } from "commander";
import { ConflistError } from "../conflist/error.ts";
import { NodeError } from "../node/error.ts";
import { CliError, UsageError } from "./error.ts";
import { EXIT, escapeForTerminal, type Io } from "./io.ts";
import { createProgram } from "./program.ts";

/** Runs a command line, without the program's name; what goes wrong is said once, here. */
export async function run(args: readonly string[], version: string, io: Io): Promise<void> {
  const program = createProgram(version, io);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    io.exitCode = report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  }
  if (error instanceof CliError || error instanceof NodeError || error instanceof ConflistError) {
    io.err(`cnitap: ${escapeForTerminal(error.message)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
  throw error;
}
