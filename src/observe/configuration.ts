import type { Keys } from "../conflist/stanza-keys.ts";
import { encodeUtf8 } from "../log/byte-string.ts";

/** Larger configurations are refused, since the runtime waits for the answer. */
const MOST_BYTES = 16 << 10;

/** The configuration that a runtime gives to a plugin that it launched. */
export type Configuration = { readonly keys: Keys } | { readonly complaint: string };

/** What of the package yaml is used (yaml-parser.ts). */
export interface YamlParser {
  parseDocument(
    text: string,
    options: { readonly prettyErrors: boolean; readonly uniqueKeys: boolean; readonly logLevel: "error" },
  ): {
    readonly errors: readonly { readonly code: string; readonly pos: readonly [number, number] }[];
    toJS(): unknown;
  };
}

/** Parses YAML (and so JSON). A complaint gives the position of an error and never quotes the text. */
export function parseConfiguration(text: string, parser: () => YamlParser): Configuration {
  const complain = (seen: string) => ({ complaint: `Cannot read the configuration: ${seen}` });
  if (encodeUtf8(text).length > MOST_BYTES) return complain(`it is larger than ${MOST_BYTES} bytes`);
  try {
    const options = { prettyErrors: false, uniqueKeys: false, logLevel: "error" } as const;
    const document = parser().parseDocument(text, options);
    const [error] = document.errors;
    if (error) {
      const byte = encodeUtf8(text.slice(0, error.pos[0])).length;
      return complain(`${error.code.toLowerCase().replaceAll("_", " ")} at byte ${byte}`);
    }
    const value = document.toJS();
    if (value === null || value === undefined) return { keys: {} };
    if (typeof value === "object" && !Array.isArray(value)) return { keys: { ...value } };
    return complain(
      `keys and values are expected, not ${Array.isArray(value) ? "a list" : `a ${typeof value}`}`,
    );
  } catch {
    return complain("too deep, or with aliases that cannot be followed"); // by toJS or the parser
  }
}
