/**
 * The pairs of CNI_ARGS (SPEC 1.1.0, section 2, "Parameters") by their keys, read leniently: parts end at `;`, a pair is
 * cut at its first `=`, a part without one has the value `""`, empty parts are skipped, a repeated key has its last
 * value. The object has no prototype: every key is only a key. A variable may hold 128 KB, so this is frugal.
 */
export function parseArgs(text: string): Record<string, string> {
  const args: Record<string, string> = Object.create(null);
  for (let from = 0; from < text.length; ) {
    const semicolon = text.indexOf(";", from);
    const to = semicolon < 0 ? text.length : semicolon;
    if (to > from) {
      const part = text.slice(from, to);
      const cut = part.indexOf("=");
      if (cut < 0) args[part] = "";
      else args[part.slice(0, cut)] = part.slice(cut + 1);
    }
    from = to + 1;
  }
  return args;
}
