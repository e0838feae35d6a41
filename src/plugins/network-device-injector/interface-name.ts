/**
 * Whether a text can be the name of an interface and an argument of ip(8). The kernel's rules (dev_valid_name: at
 * most 15 bytes, no white space, "/" or ":", not "." or ".."; "%d" is a number to choose; "all" and "default" are sysctls' own), and
 * only ASCII that can be seen, with no "-" first.
 */
export function isInterfaceName(text: string): boolean {
  return /^[!-~]{1,15}$/.test(text) && !/^-|[/:%]|^(?:\.{1,2}|all|default)$/.test(text);
}

/** Whether an operator's patterns, in which `*` stands for any text, name an interface. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern.split("*"), name));
}

/** The parts must follow each other, the first at the start and the last at the end. Linear in practice. */
function matches([first = "", ...rest]: readonly string[], name: string): boolean {
  const last = rest.pop();
  if (last === undefined) return first === name;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = name.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= name.length - last.length;
}
