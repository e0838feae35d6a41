import { asByteString, type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import { classicPodLine, jsonPodLine, noteLine, type PodEvent, type PodFacts } from "../log/pod-line.ts";
import type { SecretRules } from "../log/redact.ts";
import type { Instant } from "../log/time.ts";
import type { Settings } from "./observer-settings.ts";

/** The line of a pod event. `timeMs`: milliseconds since 1970, with fractions. */
export function encodePodLine(
  event: PodEvent,
  pod: PodFacts<ByteString>,
  timeMs: number,
  { logFormat, redact, label }: Settings,
  secrets: SecretRules,
): ByteString {
  const rules = redact ? secrets : null;
  return asByteString(
    logFormat === "classic"
      ? classicPodLine(event, pod, rules)
      : jsonPodLine(event, pod, { time: instantOf(timeMs), label }, rules),
  );
}

/** A line about the observer itself. */
export function encodeNote(
  text: string,
  timeMs: number,
  { logFormat, label }: Settings,
  secrets: SecretRules,
): ByteString {
  return asByteString(noteLine(encodeUtf8(text), logFormat, { time: instantOf(timeMs), label }, secrets));
}

function instantOf(timeMs: number): Instant {
  const seconds = Math.floor(timeMs / 1000);
  return [seconds, Math.floor((timeMs - seconds * 1000) * 1000)];
}
