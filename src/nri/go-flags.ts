/** Flags of a program in the style of Go's package flag: `-x v`, `-x=v`, `--x v`, `--x=v`. */

/** A flag of a plugin. A boolean one takes a value only after `=`. */
export interface GoFlag {
  readonly name: string;
  readonly kind: "string" | "bool";
  readonly usage: string;
  /** The default as the usage shows it; default: none. */
  readonly shown?: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
}

/** Values by name, in the order of the command line. A boolean is "true" or "false". */
export type GoValues = ReadonlyMap<string, readonly string[]>;

export type GoArguments =
  | { readonly values: GoValues }
  | { readonly help: true }
  | { readonly error: string };

/** Parses all arguments. Unlike Go, which ignores what follows the flags, a word is an error. */
export function parseGoFlags(args: readonly string[], flags: readonly GoFlag[]): GoArguments {
  const values = new Map<string, string[]>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name, given] = splitFlag(arg) ?? [];
    if (name === undefined) return { error: `unexpected argument ${JSON.stringify(arg)}` };
    const flag = flags.find((one) => one.name === name);
    if (!flag) {
      if (name === "h" || name === "help") return { help: true };
      return { error: `flag provided but not defined: -${name}` };
    }
    const value = given?.slice(1) ?? (flag.kind === "bool" ? "true" : rest.shift());
    if (value === undefined) return { error: `flag needs an argument: -${name}` };
    const read = flag.kind === "bool" ? parseGoBool(value) : value;
    if (read === null)
      return { error: `invalid boolean value ${JSON.stringify(value)} for -${name}: parse error` };
    values.set(name, flag.repeatable ? [...(values.get(name) ?? []), read] : [read]);
  }
  return { values };
}

/** What Go's flag prints for -h, with the program's name. */
export function goUsage(program: string, flags: readonly GoFlag[]): string {
  const lines = [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, usage, shown }) => {
      const title = kind === "bool" ? `  -${name}` : `  -${name} string`;
      return `${title}\n    \t${usage}${shown === undefined ? "" : ` (default ${shown})`}\n`;
    });
  return `Usage of ${program}:\n${lines.join("")}`;
}

/** An option of a command line with long options. */
interface LongOption {
  /** With its dashes. */
  readonly long?: string | undefined;
  /** Whether it needs a value. */
  readonly required: boolean;
}

/**
 * Converts flags of Go's package flag, `-idx 10` and `-idx=10`, to long options. A value is joined to its
 * flag, since it may begin with a dash. Short options are not changed.
 */
export function rewriteGoFlags(args: readonly string[], options: readonly LongOption[]): string[] {
  const rewritten: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") return [...rewritten, arg, ...rest];
    const [, name = "", value] = splitFlag(arg) ?? [];
    const option = options.find(({ long }) => name.length > 1 && long === `--${name}`);
    if (!option) {
      rewritten.push(name === "help" ? "--help" : arg);
      continue;
    }
    const joined = value ?? (option.required && rest.length > 0 ? `=${rest.shift()}` : "");
    rewritten.push(`--${name}${joined}`);
  }
  return rewritten;
}

/** Name and `=value` of a flag; null if it is none. */
function splitFlag(arg: string): RegExpExecArray | null {
  return /^--?([A-Za-z][\w-]*)(=.*)?$/s.exec(arg);
}

/** The words that Go's strconv.ParseBool takes. */
function parseGoBool(text: string): string | null {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return "true";
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? "false" : null;
}

/** The value of a flag that was given last; undefined if it was not given. */
export function lastValue(values: GoValues, name: string): string | undefined {
  return values.get(name)?.at(-1);
}

/** Whether a boolean flag is on. */
export function isOn(values: GoValues, name: string): boolean {
  return lastValue(values, name) === "true";
}
