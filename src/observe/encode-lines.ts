import { type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import {
  classicPodLine,
  jsonPodLine,
  type LineTexts,
  type LoggedPod,
  noteLine,
  type PodEvent,
} from "../log/pod-line.ts";
import { formatTime } from "../log/time.ts";
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
    : jsonPodLine(event, pod, { time: timeText(timeMs), label }, texts, redact);
}

/** A line about the observer itself. */
export function encodeNote(
  text: string,
  timeMs: number,
  { logFormat, label }: Settings,
  texts: LineTexts,
): ByteString {
  return noteLine(encodeUtf8(text), logFormat, { time: timeText(timeMs), label }, texts);
}

/** The time of the last line as far as its second, which the next one has in most cases. */
let lastSecond = Number.NaN;
let lastText = "";

function timeText(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = formatTime([second, 0]).slice(0, -"000000Z".length);
  }
  const micros = Math.floor((timeMs - second * 1000) * 1000);
  return `${lastText}${`${1_000_000 + micros}`.slice(1)}Z`;
}
