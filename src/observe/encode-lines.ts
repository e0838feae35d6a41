import { type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import { classicPodLine, jsonPodLine, noteLine, type PodEvent, type PodFacts } from "../log/pod-line.ts";
import type { Instant } from "../log/time.ts";
import type { Settings } from "./observer-settings.ts";

/** The line of a pod event. `timeMs`: milliseconds since 1970, with fractions. */
export function encodePodLine(event: PodEvent, pod: PodFacts, timeMs: number, settings: Settings): Buffer {
  const { logFormat, redact, label } = settings;
  const line =
    logFormat === "classic"
      ? classicPodLine(event, encodedFacts({ ...pod, labels: {} }), redact) // it has no labels
      : jsonPodLine(event, encodedFacts(pod), { time: instantOf(timeMs), label }, redact);
  return Buffer.from(line, "latin1");
}

/** A line about the observer itself. */
export function encodeNote(text: string, timeMs: number, { logFormat, label }: Settings): Buffer {
  return Buffer.from(noteLine(text, logFormat, { time: instantOf(timeMs), label }), "latin1");
}

function instantOf(timeMs: number): Instant {
  const seconds = Math.floor(timeMs / 1000);
  return [seconds, (timeMs - seconds * 1000) * 1000];
}

function encodedFacts(pod: PodFacts): PodFacts<ByteString> {
  return {
    id: encodeUtf8(pod.id),
    namespace: encodeUtf8(pod.namespace),
    name: encodeUtf8(pod.name),
    uid: encodeUtf8(pod.uid),
    netns: pod.netns === null ? null : encodeUtf8(pod.netns),
    ips: pod.ips.map(encodeUtf8),
    labels: Object.fromEntries(
      Object.entries(pod.labels).map(([key, value]) => [encodeUtf8(key), encodeUtf8(value)]),
    ),
  };
}
