import { Command } from "commander";
import { doctorCommand } from "./doctor/doctor-command.ts";
import { installCommand } from "./install/install-command.ts";
import { escapeForTerminal, type Io } from "./io.ts";
import { observeCommand } from "./observe/observe-command.ts";
import { pluginCommand } from "./plugin/plugin-command.ts";
import { auditCommand } from "./read/audit-command.ts";
import { podsCommand } from "./read/pods-command.ts";
import { showCommand } from "./read/show-command.ts";
import { statsCommand } from "./read/stats-command.ts";
import { tailCommand } from "./read/tail-command.ts";
import { statusCommand } from "./status/status-command.ts";
import { uninstallCommand } from "./uninstall/uninstall-command.ts";

/** The command tree of cnitap. */
export function createProgram(version: string, io: Io): Command {
  const program = new Command("cnitap")
    .description("See what every CNI call on this node got and gave, and for which pod.")
    .version(version, "-V, --version", "print the version")
    .addHelpText(
      "after",
      `
Its taps, cni_pre and cni_post, write to /tmp/cni.log, and observe adds the pods' events:
  $ cnitap install
  $ cnitap observe &
  $ tail -F /tmp/cni.log
`,
    );
  const commands = [
    installCommand(io),
    uninstallCommand(io),
    statusCommand(io),
    doctorCommand(io),
    observeCommand(),
    pluginCommand(io),
    podsCommand(io),
    showCommand(io),
    auditCommand(io),
    tailCommand(io),
    statsCommand(io),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command
      .helpOption("-h, --help", "print this help")
      .configureOutput({
        writeOut: (text) => io.out(text),
        writeErr: (text) => io.err(text),
        outputError: (text, write) => write(usageError(command, text)),
      })
      .exitOverride();
  }
  return program;
}

function usageError(command: Command, text: string): string {
  const path = command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
  const seen = escapeForTerminal(text.replace(/^error: /, ""));
  return `cnitap: Cannot read the command line: ${seen}See ${path} --help.\n`;
}
