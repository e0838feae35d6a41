import { bytesOfText } from "../conflist/byte-text.ts";
import { classicPodLine, jsonPodLine, noteLine, type PodEvent, type PodFacts } from "../log/pod-line.ts";
import type { Instant } from "../log/time.ts";
import type { Settings } from "./observer-settings.ts";

/** The bytes of an event's line. */
export function encodePodLine(event: PodEvent, pod: PodFacts, timeMs: number, settings: Settings): Buffer {
  const { logFormat, redact, label } = settings;
  const line =
    logFormat === "classic"
      ? classicPodLine(event, binaryFacts({ ...pod, labels: {} }), redact) // which are not in it
      : jsonPodLine(event, binaryFacts(pod), { time: instantOf(timeMs), label }, redact);
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

function binaryFacts(pod: PodFacts): PodFacts {
  return {
    id: bytesOfText(pod.id),
    namespace: bytesOfText(pod.namespace),
    name: bytesOfText(pod.name),
    uid: bytesOfText(pod.uid),
    netns: pod.netns === null ? null : bytesOfText(pod.netns),
    ips: pod.ips.map(bytesOfText),
    labels: Object.fromEntries(
      Object.entries(pod.labels).map(([key, value]) => [bytesOfText(key), bytesOfText(value)]),
    ),
  };
}
