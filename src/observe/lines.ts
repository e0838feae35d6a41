import { toBinary } from "../conflist/binary-text.ts";
import { classicPodLine, jsonPodLine, noteLine, type PodEvent, type PodFacts } from "../record/pod-line.ts";
import type { Instant } from "../record/time.ts";
import type { Settings } from "./settings.ts";

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
    id: toBinary(pod.id),
    namespace: toBinary(pod.namespace),
    name: toBinary(pod.name),
    uid: toBinary(pod.uid),
    netns: pod.netns === null ? null : toBinary(pod.netns),
    ips: pod.ips.map(toBinary),
    labels: Object.fromEntries(
      Object.entries(pod.labels).map(([key, value]) => [toBinary(key), toBinary(value)]),
    ),
  };
}
