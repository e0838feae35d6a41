import type { Option } from "commander";

/**
 * Converts flags of Go's package flag, `-idx 10` and `-idx=10`, to long options. A value is joined to its
 * flag, since it may begin with a dash. Short options are not changed.
 */
export function rewriteGoFlags(args: readonly string[], options: readonly Option[]): string[] {
  const rewritten: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") return [...rewritten, arg, ...rest];
    const [, name, value] = /^--?([A-Za-z][\w-]+)(=.*)?$/s.exec(arg) ?? [];
    const option = options.find(({ long }) => long === `--${name}`);
    if (!option) {
      rewritten.push(name === "help" ? "--help" : arg);
      continue;
    }
    const joined = value ?? (option.required && rest.length > 0 ? `=${rest.shift()}` : "");
    rewritten.push(`--${name}${joined}`);
  }
  return rewritten;
}
