import { type EventName, eventNames } from "../../nri/events.ts";
import { goQuote } from "../../nri/logrus.ts";
import { shorten } from "../excerpt.ts";
import { readYaml, type YamlValue } from "../yaml.ts";

/** What the logger does. */
export interface LoggerSettings {
  /** "": standard error. */
  readonly logFile: string;
  readonly events: readonly EventName[];
  readonly addAnnotation: string;
  readonly setAnnotation: string;
  readonly addEnv: string;
  readonly setEnv: string;
}

const GROUPS: Readonly<Record<string, readonly EventName[]>> = {
  all: eventNames,
  pod: eventNames.filter((name) => name.endsWith("PodSandbox")),
  podsandbox: eventNames.filter((name) => name.endsWith("PodSandbox")),
  container: eventNames.filter((name) => name.endsWith("Container")),
};

/**
 * The events of a list of names in any case, such as "RunPodSandbox", or of "all", "pod" and "container". An empty
 * list is all.
 * @throws Error with the words of Go's plugin, if there is no such event
 */
export function parseEvents(names: readonly string[]): readonly EventName[] {
  const wanted = names.map((name) => name.trim().toLowerCase()).filter((name) => name !== "");
  if (wanted.length === 0) return eventNames;
  const found = wanted.flatMap((name) => {
    const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
    const event = eventNames.filter((one) => one.toLowerCase() === name);
    if (!group && event.length === 0) throw new Error(`unknown event ${goQuote(shorten(name))}`);
    return group ?? event;
  });
  return eventNames.filter((name) => found.includes(name));
}

const KEYS = ["events", "logFile", "addAnnotation", "setAnnotation", "addEnv", "setEnv"] as const;

/**
 * Settings with those of a configuration of the runtime instead, where it has any. What is wrong is complained
 * about and not used.
 */
export function withConfiguration(
  settings: LoggerSettings,
  text: string,
): { readonly settings: LoggerSettings; readonly complaints: readonly string[] } {
  const complaints: string[] = [];
  const changed: { -readonly [K in keyof LoggerSettings]?: LoggerSettings[K] } = {};
  const attempt = (act: () => void) => {
    try {
      act();
    } catch (error) {
      complaints.push(error instanceof Error ? error.message : String(error));
    }
  };
  attempt(() => {
    const value = readYaml(text) ?? new Map<string, YamlValue>();
    if (!(value instanceof Map)) throw new Error("keys and values are expected");
    for (const [given, one] of value) {
      const key = KEYS.find((name) => name.toLowerCase() === given.toLowerCase());
      if (one === null || key === undefined) continue;
      attempt(() => {
        if (key === "events") changed.events = parseEvents(namesOf(one));
        else if (typeof one === "object") throw new Error(`${key} wants a text`);
        else changed[key] = String(one);
      });
    }
  });
  return { settings: { ...settings, ...changed }, complaints };
}

function namesOf(value: YamlValue): string[] {
  if (Array.isArray(value)) return value.map(String);
  throw new Error("events wants a list of names");
}
