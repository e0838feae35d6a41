import type { Option } from "commander";

/**
 * Turns flags as Go's package flag takes them, `-idx 10` and `-idx=10`, into long options. A value is joined to its
 * flag, because one may begin with a dash; a short option stays what it is.
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
