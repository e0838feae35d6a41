import { Command } from "commander";
import { PLUGINS } from "../../plugins/registry.ts";
import { type Io, printJson } from "../io.ts";

/** Lists the plugins. With a name, the plugin runs instead; see launch.ts. */
export function pluginCommand(io: Io): Command {
  return new Command("plugin")
    .description(
      "Run one of the NRI project's sample plugins: cnitap plugin NAME [flags]; without NAME, list them.",
    )
    .usage("[NAME [flags]] [--json]")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
cnitap plugin NAME -h shows the flags of a plugin. A link to cnitap with a plugin's name, such as 10-ulimit-adjuster in
/opt/nri/plugins, is that plugin.

Example:
  $ cnitap plugin ulimit-adjuster -idx 10
`,
    )
    .action(({ json }: { readonly json?: boolean }) => {
      const list = PLUGINS.map(({ name, summary }) => ({ name, summary }));
      if (json) return printJson(io, { plugins: list });
      const width = Math.max(...list.map(({ name }) => name.length)) + 2;
      io.out(list.map(({ name, summary }) => `${name.padEnd(width)}${summary}\n`).join(""));
    });
}
