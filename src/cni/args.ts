/**
 * Parses CNI_ARGS (SPEC 1.1.0, section 2, "Parameters") leniently: pairs are separated by `;`, the first `=`
 * ends the key, a pair without `=` has the value `""`, empty pairs are skipped, the last value of a repeated
 * key wins. The result has no prototype, so `__proto__` is an ordinary key. Saves memory: the variable may
 * hold 128 KB.
 */
export function parseArgs(text: string): Record<string, string> {
  const args: Record<string, string> = Object.create(null);
  visitArgs(text, (key, value) => {
    args[key] = value ?? "";
  });
  return args;
}

/** Calls `visit` with each pair; the value of one without `=` is null. */
export function visitArgs(text: string, visit: (key: string, value: string | null) => void): void {
  for (let from = 0; from < text.length; ) {
    const semicolon = text.indexOf(";", from);
    const to = semicolon < 0 ? text.length : semicolon;
    if (to > from) {
      const part = text.slice(from, to);
      const cut = part.indexOf("=");
      if (cut < 0) visit(part, null);
      else visit(part.slice(0, cut), part.slice(cut + 1));
    }
    from = to + 1;
  }
}
