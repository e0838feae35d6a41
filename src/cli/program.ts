import { Command } from "commander";
import { doctorCommand } from "./doctor/command.ts";
import { installCommand } from "./install/command.ts";
import type { Io } from "./io.ts";
import { statusCommand } from "./status/command.ts";
import { uninstallCommand } from "./uninstall/command.ts";

/** The command tree of cnitap. */
export function createProgram(version: string, io: Io): Command {
  const program = new Command("cnitap")
    .description("See what every CNI call on this node got and gave, and for which pod.")
    .version(version, "-V, --version", "print the version")
    .addHelpText(
      "after",
      `
Its taps, cni_pre and cni_post, write to /tmp/cni.log:
  $ cnitap install
  $ tail -F /tmp/cni.log
`,
    );
  for (const command of [installCommand(io), uninstallCommand(io), statusCommand(io), doctorCommand(io)])
    program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command
      .helpOption("-h, --help", "print this help")
      .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
      .exitOverride();
  }
  return program;
}
