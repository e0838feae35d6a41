import { Command } from "commander";
import { addCommonOptions, type CommonOptions } from "../common-options.ts";
import type { Io } from "../io.ts";
import { uninstall } from "./run-uninstall.ts";

interface UninstallOptions extends CommonOptions {
  readonly network?: string;
  readonly purge?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export function uninstallCommand(io: Io): Command {
  const command = new Command("uninstall")
    .description(
      "Remove taps, wrappers and observer: the network's file gets its original bytes back. The taps' executables stay.",
    )
    .option("--network <name>", "only this network (default: all networks of the directory)")
    .option("--purge", "also remove the executables, unless libcni's cache still names them")
    .option("--dry-run", "show the changes without making them")
    .option("--force", "continue although a check fails")
    .addHelpText(
      "after",
      `
Exit: 0 uninstalled or not there, 1 failed, 2 invalid usage, 3 uninstalled, but the runtime has not loaded it.

Example:
  $ cnitap uninstall --dry-run
`,
    );
  return addCommonOptions(command).action(async (options: UninstallOptions) => {
    const { network, purge = false, dryRun = false, force = false } = options;
    io.exitCode = await uninstall(io, options, {
      ...(network === undefined ? {} : { network }),
      observer: network === undefined,
      purge,
      dryRun,
      force,
    });
  });
}
