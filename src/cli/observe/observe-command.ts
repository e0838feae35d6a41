import { Command, Option } from "commander";
import type { StanzaEntry } from "../../conflist/tap-entries.ts";
import type { Io } from "../io.ts";
import { checkKeys, collectSetting, givenKeys } from "../stanza-options.ts";
import { hasPluginName, withDefaults } from "./identity.ts";
import { observe } from "./run-observer.ts";
import { tapsKeys } from "./taps-keys.ts";

interface ObserveOptions {
  readonly idx?: string;
  readonly name?: string;
  readonly socket?: string;
  readonly logFile?: string;
  readonly logFormat?: "classic" | "json";
  readonly lockFile?: string;
  readonly set?: StanzaEntry;
  readonly once?: boolean;
}

/** @param program the path of the executable, as given */
export function observeCommand(io: Io, program: string): Command {
  return new Command("observe")
    .description("Watch the pods of this node's runtime through NRI, and log them beside the taps' lines.")
    .option("--idx <NN>", "two digits; the runtime calls its plugins in this order (default: 10)")
    .option("--name <name>", "the name to register (default: network-logger)")
    .option("--socket <path>", "the runtime's NRI socket (default: /var/run/nri/nri.sock)")
    .option("--log-file <file>", "where to log (default: where this node's taps do, else /tmp/cni.log)")
    .addOption(
      new Option("--log-format <format>", "of the log (default: as this node's taps, else classic)").choices([
        "classic",
        "json",
      ]),
    )
    .option("--lock-file <file>", "ignored: the observer takes no lock")
    .option(
      "--set <key=value>",
      "another key as in a tap's entry: redact, label, logMaxBytes",
      collectSetting,
    )
    .option("--once", "exit when the runtime cannot be reached or goes away, instead of reconnecting")
    .addHelpText(
      "after",
      `
Flags may be written as Go's are, -idx 10 or -idx=10. Started as network-logger or 10-network-logger, it is that plugin.
Exit: 0 stopped by a signal, 1 the runtime cannot be reached or went away (--once), 2 invalid usage.

Example:
  $ cnitap observe --log-format json
`,
    )
    .action(async (options: ObserveOptions) => {
      const { idx, name, socket, logFile, logFormat, lockFile, set, once } = options;
      const flags = givenKeys({ logFile, lockFile, logFormat }, set);
      checkKeys(flags);
      io.exitCode = await observe({
        identity: withDefaults({ name, index: idx }, process.env, program),
        socket,
        once: once === true || hasPluginName(program),
        taps: tapsKeys(),
        flags,
      });
      io.leave();
    });
}
