import type { Keys } from "../conflist/stanza-keys.ts";

/** Larger ones are not read: the runtime waits for the answer. */
const MOST_BYTES = 16 << 10;

/** What a runtime has for a plugin it launched, from its directory of configurations. */
export type Configuration = { readonly keys: Keys } | { readonly complaint: string };

/** Reads YAML, of which JSON is a part; a complaint tells where it is wrong and never what stands there. */
export async function parseConfiguration(text: string): Promise<Configuration> {
  const complain = (seen: string) => ({ complaint: `Cannot read the configuration: ${seen}` });
  if (Buffer.byteLength(text) > MOST_BYTES) return complain(`it is larger than ${MOST_BYTES} bytes`);
  const { parseDocument } = await import("yaml"); // most observers have no configuration
  try {
    const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: "error" });
    const [error] = document.errors;
    if (error) {
      const byte = Buffer.byteLength(text.slice(0, error.pos[0]));
      return complain(`${error.code.toLowerCase().replaceAll("_", " ")} at byte ${byte}`);
    }
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return { keys: {} };
    if (typeof value === "object" && !Array.isArray(value)) return { keys: { ...value } };
    return complain(
      `keys and values are expected, not ${Array.isArray(value) ? "a list" : `a ${typeof value}`}`,
    );
  } catch {
    return complain("too deep, or with aliases that cannot be followed"); // toJS, or the recursion of the parser
  }
}
