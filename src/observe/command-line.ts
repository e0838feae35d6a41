import { checkedKeys, type Keys, parseSetting, SETTING_EXPECTED } from "../conflist/stanza-keys.ts";
import { printable } from "../log/printable.ts";
import { rewriteGoFlags } from "../nri/go-flags.ts";

declare const BUILD: string;

/** What the flags say. */
export interface ObserveFlags {
  readonly index: string | undefined;
  readonly name: string | undefined;
  readonly socket: string | undefined;
  readonly once: boolean;
  /** Keys of a tap's stanza. */
  readonly keys: Keys;
}

export type CommandLine =
  | { readonly kind: "observe"; readonly flags: ObserveFlags }
  /** The help or the version: what to print, and nothing else to do. */
  | { readonly kind: "told"; readonly text: string }
  /** The command line cannot be used: what to print. */
  | { readonly kind: "wrong"; readonly text: string };

interface Option {
  readonly long: string;
  /** How its value is called; "" if it has none. */
  readonly value: string;
  readonly help: string;
}

const OPTIONS: readonly Option[] = [
  {
    long: "--idx",
    value: "<NN>",
    help: "two digits; the runtime calls its plugins in this order\n(default: 10)",
  },
  { long: "--name", value: "<name>", help: "the name to register (default: network-logger)" },
  { long: "--socket", value: "<path>", help: "the runtime's NRI socket (default:\n/var/run/nri/nri.sock)" },
  {
    long: "--log-file",
    value: "<file>",
    help: "where to log (default: where this node's taps do, else\n/tmp/cni.log)",
  },
  {
    long: "--log-format",
    value: "<format>",
    help: 'of the log (default: as this node\'s taps, else classic)\n(choices: "classic", "json")',
  },
  {
    long: "--lock-file",
    value: "<file>",
    help: "the taps' lock (default: as this node's taps, else\n/var/run/lock/cni.lock)",
  },
  {
    long: "--set",
    value: "<key=value>",
    help: "another key as in a tap's entry: redact, label,\nlogMaxBytes, lockTimeoutMs",
  },
  {
    long: "--once",
    value: "",
    help: "exit when the runtime cannot be reached or goes away,\ninstead of reconnecting",
  },
];
const VERSION: Option = { long: "--version", value: "", help: "print the version" };
const HELP: Option = { long: "-h, --help", value: "", help: "print this help" };
const FORMATS: readonly string[] = ["classic", "json"];

/** The keys of a stanza that have flags of their own. */
const KEY_OF: Readonly<Record<string, string>> = {
  "--log-file": "logFile",
  "--log-format": "logFormat",
  "--lock-file": "lockFile",
};

/** How a command is called in help and complaints. */
export interface CommandName {
  /** "cnitap" */
  readonly program: string;
  /** "cnitap observe" */
  readonly command: string;
}

/** Reads the arguments after the command. Flags may be written as Go's are. */
export function readCommandLine(args: readonly string[], name: CommandName): CommandLine {
  const wrong = (seen: string): CommandLine => ({
    kind: "wrong",
    text: `${name.program}: Cannot read the command line: ${printable(seen)}\nSee ${name.command} --help.\n`,
  });
  const values = new Map<string, string>();
  const words: string[] = [];
  let [keys, set]: [Keys, Keys] = [{}, {}];
  const rest = rewriteGoFlags(
    args,
    [...OPTIONS, VERSION].map(({ long, value }) => ({ long, required: value !== "" })),
  );
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      words.push(...rest.splice(0));
      break;
    }
    if (arg === "-h" || arg === "--help") return { kind: "told", text: help(name.command) };
    if (arg === "--version") return { kind: "told", text: `${BUILD}\n` };
    if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
      continue;
    }
    const cut = arg.indexOf("=");
    const long = cut < 0 ? arg : arg.slice(0, cut);
    const option = OPTIONS.find((one) => one.long === long);
    if (!option || (cut >= 0 && option.value === "")) return wrong(`unknown option '${arg}'`);
    if (option.value === "") {
      values.set(long, "");
      continue;
    }
    if (cut < 0) return wrong(`option '${long} ${option.value}' argument missing`);
    const value = arg.slice(cut + 1);
    const invalid = (why: string) =>
      wrong(`option '${long} ${option.value}' argument '${value}' is invalid. ${why}`);
    if (long === "--log-format" && !FORMATS.includes(value))
      return invalid(`Allowed choices are ${FORMATS.join(", ")}.`);
    if (long === "--set") {
      const setting = parseSetting(value);
      if (!setting) return invalid(SETTING_EXPECTED);
      set = { ...set, [setting[0]]: setting[1] };
    }
    const key = KEY_OF[long];
    if (key !== undefined) keys = { ...keys, [key]: value };
    values.set(long, value);
  }
  if (words.length > 0) {
    const seen = `Expected 0 arguments but got ${words.length}: ${words.join(", ")}.`;
    return wrong(`too many arguments for '${name.command.split(" ").at(-1)}'. ${seen}`);
  }
  keys = { ...keys, ...set };
  const complaints = checkedKeys(keys);
  if (complaints.length > 0)
    return { kind: "wrong", text: `${name.program}: ${printable(complaints.join("; "))}\n` };
  const [index, pluginName, socket] = [values.get("--idx"), values.get("--name"), values.get("--socket")];
  return { kind: "observe", flags: { index, name: pluginName, socket, once: values.has("--once"), keys } };
}

function help(command: string): string {
  const rows = [...OPTIONS, VERSION, HELP].map(({ long, value, help: text }) => {
    const term = value === "" ? long : `${long} ${value}`;
    return `  ${term.padEnd(23)}${text.replaceAll("\n", `\n${" ".repeat(25)}`)}\n`;
  });
  return `Usage: ${command} [options]

Watch the pods of this node's runtime through NRI, and log them beside the taps'
lines.

Options:
${rows.join("")}
Flags may be written as Go's are, -idx 10 or -idx=10. Started as network-logger or 10-network-logger, it is that plugin.
Exit: 0 stopped by a signal, 1 the runtime cannot be reached or went away (--once), 2 invalid usage.

Example:
  $ ${command} --log-format json
`;
}
