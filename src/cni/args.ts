/**
 * The pairs of CNI_ARGS (SPEC 1.1.0, section 2, "Parameters"), read leniently: parts end at `;`, a pair is cut at its
 * first `=`, a part without one has the value `""`, empty parts are skipped, a repeated key has its last value.
 */
export function parseArgs(text: string): [key: string, value: string][] {
  const pairs: [string, string][] = [];
  const placeOf: Record<string, number> = Object.create(null);
  for (const part of text.split(";")) {
    if (part === "") continue;
    const cut = part.indexOf("=");
    const key = cut < 0 ? part : part.slice(0, cut);
    const value = cut < 0 ? "" : part.slice(cut + 1);
    const place = placeOf[key];
    if (place === undefined) {
      placeOf[key] = pairs.length;
      pairs.push([key, value]);
    } else {
      pairs[place] = [key, value];
    }
  }
  return pairs;
}
