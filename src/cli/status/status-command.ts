import { Command } from "commander";
import { loadTaps } from "../../machine/carried-taps.ts";
import { takeSurvey } from "../../machine/survey.ts";
import { CliError } from "../cli-error.ts";
import { addCommonOptions, type CommonOptions, placesOf } from "../common-options.ts";
import { type Io, printJson } from "../io.ts";
import { gatherStatus } from "./gather-status.ts";
import { showStatus } from "./show-status.ts";
import { verdict } from "./status-verdict.ts";

interface StatusOptions extends CommonOptions {
  readonly network?: string;
  readonly from?: string;
}

export function statusCommand(io: Io): Command {
  const command = new Command("status")
    .description("Show the networks of this node, their plugins, and where taps stand and log.")
    .option("--network <name>", "report the exit code for this network instead of the one that pods get")
    .option(
      "--from <dir>",
      "compare the executables with those of this directory instead of the built-in ones",
    )
    .addHelpText(
      "after",
      `
Exit: 0 the network has taps, 3 it has none, 1 there is no network or its taps' executables are missing, 2 invalid usage.

Example:
  $ cnitap status --json | jq -r '.networks[] | [.name, .mode] | @tsv'
`,
    );
  return addCommonOptions(command).action(async (options: StatusOptions) => {
    const status = gatherStatus(await takeSurvey(placesOf(options)), loadTaps(options.from));
    const { network } = options;
    if (network !== undefined && !status.networks.some(({ name }) => name === network)) {
      throw new CliError(`Cannot find the network ${network} in ${status.confDir}`);
    }
    if (options.json) printJson(io, status);
    else showStatus(io, status);
    io.exitCode = verdict(status, network);
  });
}
