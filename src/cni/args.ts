/**
 * The pairs of CNI_ARGS (SPEC 1.1.0, section 2, "Parameters"), read leniently: parts end at `;`, a pair is cut at its
 * first `=`, a part without one has the value `""`, empty parts are skipped, a repeated key has its last value.
 */
export function parseArgs(text: string): [key: string, value: string][] {
  const pairs: [string, string][] = [];
  const pairOf: Record<string, [string, string]> = Object.create(null);
  for (let from = 0, end = 0; from < text.length; from = end + 1) {
    end = text.indexOf(";", from);
    if (end < 0) end = text.length;
    if (end === from) continue;
    const part = text.slice(from, end);
    const cut = part.indexOf("=");
    const key = cut < 0 ? part : part.slice(0, cut);
    const value = cut < 0 ? "" : part.slice(cut + 1);
    const pair = pairOf[key];
    if (pair) {
      pair[1] = value;
    } else {
      pairOf[key] = [key, value];
      pairs.push(pairOf[key]);
    }
  }
  return pairs;
}
