import type { GoFlag, GoValues } from "../nri/go-flags.ts";
import { goQuote } from "../nri/logrus.ts";
import { shorten } from "./excerpt.ts";
import { readYaml, type YamlValue } from "./yaml.ts";

/** Flags as a configuration has them, and what is wrong with it. */
export interface Configuration {
  readonly values: GoValues;
  readonly complaints: readonly string[];
}

/**
 * Reads the configuration that a runtime gives to a plugin that it launched, as YAML: the plugin's flags as keys,
 * such as `log-file` or `logFile`, in any case. What is wrong is complained about and left out.
 */
export function readConfiguration(text: string, flags: readonly GoFlag[]): Configuration {
  const values = new Map<string, readonly string[]>();
  const complaints: string[] = [];
  try {
    const value = readYaml(text) ?? new Map<string, YamlValue>();
    if (!(value instanceof Map)) throw new Error("keys and values are expected");
    for (const [key, one] of value) {
      const flag = flags.find(({ name }) => plain(name) === plain(key));
      if (!flag) complaints.push(`${goQuote(shorten(key))} is unknown`);
      else if (one !== null) {
        const read = valuesOf(one, flag);
        if (read) values.set(flag.name, read);
        else
          complaints.push(
            `${flag.name} wants ${flag.kind === "bool" ? "true or false" : "a text or a list"}`,
          );
      }
    }
  } catch (error) {
    complaints.push(error instanceof Error ? error.message : String(error));
  }
  return { values, complaints };
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll("-", "");
}

/** A list is several values, or one with commas where a flag has only one. */
function valuesOf(value: YamlValue, { kind, repeatable }: GoFlag): readonly string[] | null {
  if (kind === "bool") return typeof value === "boolean" ? [String(value)] : null;
  const items = Array.isArray(value) ? value : [value];
  if (items.some((item) => typeof item === "object")) return null;
  return repeatable ? items.map(String) : [items.join(",")];
}
