import { type ByteString, decodeJsonString } from "../log/byte-string.ts";
import type { Span } from "../log/call-line.ts";
import {
  DEFAULT_TARGET,
  LOCK_TIMEOUT_MS_MOST,
  LOG_BYTES_MOST,
  type LogTarget,
  PATH_BYTES_MOST,
} from "../log/target.ts";

/** The keys of a tap's stanza that it reads. All are optional; other keys are ignored. */
export const STANZA_KEYS = [
  "logFile",
  "lockFile",
  "logFormat",
  "lockTimeoutMs",
  "logMaxBytes",
  "logStatus",
  "redact",
  "label",
] as const;

export type StanzaKey = (typeof STANZA_KEYS)[number];

export interface StanzaSettings {
  readonly target: LogTarget & { readonly lockFile: ByteString };
  readonly logFormat: "classic" | "json";
  readonly logStatus: boolean;
  readonly redact: boolean;
  /** Span of the label, a JSON string in standard input. */
  readonly label: Span | null;
  /** One per wrong value. Each names the key and the type, never the value. */
  readonly complaints: readonly string[];
}

const TOKEN_BYTES = 6 * PATH_BYTES_MOST + 2; // a path with each byte escaped; no valid value is longer

type Type = "string" | "number" | "boolean" | "null" | "array" | "object";

export function typeOf(first: string): Type {
  switch (first) {
    case '"':
      return "string";
    case "{":
      return "object";
    case "[":
      return "array";
    case "t":
    case "f":
      return "boolean";
    case "n":
      return "null";
    default:
      return "number";
  }
}

/** A complaint about a value of the wrong type. */
export function wrongValue(key: string, expected: string, type: Type): string {
  const article = type === "object" || type === "array" ? "an" : "a";
  return `Cannot use ${key}: wants ${expected}, saw ${type === "null" ? type : `${article} ${type}`}`;
}

/** Reads a stanza. `spanOf` gives the span of a key's value in standard input, null if the key is absent. */
export function readStanzaSettings(
  spanOf: (key: StanzaKey) => Span | null,
  text: (span: Span) => ByteString,
): StanzaSettings {
  const complaints: string[] = [];

  /** The value of a key, or `otherwise` if the key is absent or `accept` returns undefined for its token. */
  function read<T>(
    key: StanzaKey,
    expected: string,
    otherwise: T,
    accept: (type: Type, token: ByteString) => T | undefined,
  ): T {
    const span = spanOf(key);
    if (span === null) return otherwise;
    const type = typeOf(text({ start: span.start, end: span.start + 1 }));
    const scalar = type !== "array" && type !== "object" && span.end - span.start <= TOKEN_BYTES;
    const value = scalar ? accept(type, text(span)) : undefined;
    if (value !== undefined) return value;
    complaints.push(wrongValue(key, expected, type));
    return otherwise;
  }

  const path = (key: "logFile" | "lockFile") =>
    read(key, `an absolute path under ${PATH_BYTES_MOST + 1} bytes`, DEFAULT_TARGET[key], (type, token) => {
      if (type !== "string") return undefined;
      const value = decodeJsonString(token);
      return value.startsWith("/") && value.length <= PATH_BYTES_MOST && !value.includes("\0")
        ? value
        : undefined;
    });
  const whole = (key: "lockTimeoutMs" | "logMaxBytes", mostText: string, most: number) =>
    read(key, `a whole number from 0 to ${mostText}`, DEFAULT_TARGET[key] as number, (type, token) => {
      const value = type === "number" ? Number(token) : -1;
      return Number.isInteger(value) && value >= 0 && value <= most ? value : undefined;
    });
  const flag = (key: "logStatus" | "redact", otherwise: boolean) =>
    read(key, "true or false", otherwise, (type, token) =>
      type === "boolean" ? token === "true" : undefined,
    );

  const target = {
    logFile: path("logFile"),
    lockFile: path("lockFile"),
    lockTimeoutMs: whole("lockTimeoutMs", `${LOCK_TIMEOUT_MS_MOST}`, LOCK_TIMEOUT_MS_MOST),
    logMaxBytes: whole("logMaxBytes", "2^53", LOG_BYTES_MOST),
  };
  const logFormat = read(
    "logFormat",
    '"classic" or "json"',
    "classic" as "classic" | "json",
    (type, token) => {
      const value: string = type === "string" ? decodeJsonString(token) : "";
      return value === "classic" || value === "json" ? value : undefined;
    },
  );
  const logStatus = flag("logStatus", false);
  const redact = flag("redact", true);
  const label = spanOf("label");
  const labelled = label !== null && text({ start: label.start, end: label.start + 1 }) === '"';
  if (label !== null && !labelled) read("label", "a string", null, () => undefined);
  return { target, logFormat, logStatus, redact, label: labelled ? label : null, complaints };
}
