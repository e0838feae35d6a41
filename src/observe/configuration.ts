import type { Keys } from "../conflist/stanza-keys.ts";

/** Larger configurations are refused, since the runtime waits for the answer. */
const MOST_BYTES = 16 << 10;

/** The configuration that a runtime gives to a plugin that it launched. */
export type Configuration = { readonly keys: Keys } | { readonly complaint: string };

/** Parses YAML (and so JSON). A complaint gives the position of an error and never quotes the text. */
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
    return complain("too deep, or with aliases that cannot be followed"); // by toJS or the parser
  }
}
