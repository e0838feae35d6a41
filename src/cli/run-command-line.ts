import { type Command, CommanderError } from "commander";
import { ConflistError } from "../conflist/conflist-error.ts";
import { MachineError } from "../machine/machine-error.ts";
import { rewriteGoFlags } from "../nri/go-flags.ts";
import { isPlugin } from "../observe/identity.ts";
import { CliError, UsageError } from "./cli-error.ts";
import { EXIT, escapeForTerminal, type Io } from "./io.ts";
import { createProgram, type Started } from "./program.ts";

const OBSERVE = "observe";

/** Runs a command line (without the program name), reports errors and sets the exit code. */
export async function run(args: readonly string[], started: Started, io: Io): Promise<void> {
  const program = createProgram(started, io);
  try {
    const own = ownArguments(args, started, program);
    if (own.length === 0) program.outputHelp();
    else await program.parseAsync(own, { from: "user" });
  } catch (error) {
    io.exitCode = report(error, io);
  }
}

/** Converts the arguments of the plugin, and of observe, from Go's style. */
function ownArguments(args: readonly string[], { program, env }: Started, tree: Command): string[] {
  const plugin = isPlugin(args, program, env);
  const [command, ...rest] = plugin ? [OBSERVE, ...args] : args;
  const options = tree.commands.find((one) => one.name() === OBSERVE)?.options ?? [];
  return command === OBSERVE ? [command, ...rewriteGoFlags(rest, options)] : [...args];
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
