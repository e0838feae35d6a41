import { type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import {
  classicPodLine,
  jsonPodLine,
  type LineTexts,
  type LoggedPod,
  noteLine,
  type PodEvent,
} from "../log/pod-line.ts";
import type { Instant } from "../log/time.ts";
import type { Settings } from "./observer-settings.ts";

/** The line of a pod event. `timeMs`: milliseconds since 1970, with fractions. */
export function encodePodLine(
  event: PodEvent,
  pod: LoggedPod,
  timeMs: number,
  { logFormat, redact, label }: Settings,
  texts: LineTexts,
): ByteString {
  return logFormat === "classic"
    ? classicPodLine(event, pod, texts, redact)
    : jsonPodLine(event, pod, { time: instantOf(timeMs), label }, texts, redact);
}

/** A line about the observer itself. */
export function encodeNote(
  text: string,
  timeMs: number,
  { logFormat, label }: Settings,
  texts: LineTexts,
): ByteString {
  return noteLine(encodeUtf8(text), logFormat, { time: instantOf(timeMs), label }, texts);
}

function instantOf(timeMs: number): Instant {
  const seconds = Math.floor(timeMs / 1000);
  return [seconds, Math.floor((timeMs - seconds * 1000) * 1000)];
}
