import { Command } from "commander";

/** The command tree of cnitap. */
export function createProgram(version: string): Command {
  return new Command("cnitap")
    .description("See what every CNI call on this node got and gave, and for which pod.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .addHelpText(
      "after",
      `
Its taps, cni_pre and cni_post, write to /tmp/cni.log:
  $ tail -F /tmp/cni.log
`,
    );
}
