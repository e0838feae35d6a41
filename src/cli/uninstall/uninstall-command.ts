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
    .description("Take the taps away: the network's file has its very bytes back. The executables stay.")
    .option("--network <name>", "one network; without it all of the folder")
    .option("--purge", "remove the executables too, unless a pod's cached network names them")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--force", "go on where something speaks against it")
    .addHelpText(
      "after",
      `
Exit: 0 uninstalled or not there, 1 it could not be done, 2 wrong usage, 3 uninstalled, but the runtime has not loaded it.

Example:
  $ cnitap uninstall --dry-run
`,
    );
  return addCommonOptions(command).action(async (options: UninstallOptions) => {
    const { network, purge = false, dryRun = false, force = false } = options;
    io.exitCode = await uninstall(io, options, {
      ...(network === undefined ? {} : { network }),
      purge,
      dryRun,
      force,
    });
  });
}
