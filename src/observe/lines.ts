import { classicPodLine, jsonPodLine, noteLine, type PodEvent, type PodFacts } from "../record/pod-line.ts";
import type { Instant } from "../record/time.ts";
import { type Settings, toBinary } from "./settings.ts";

/** The bytes of an event's line. */
export function encodePodLine(event: PodEvent, pod: PodFacts, timeMs: number, settings: Settings): Buffer {
  const { logFormat, redact, label } = settings;
  const facts = binaryFacts(logFormat === "classic" ? { ...pod, labels: {} } : pod); // they are not in it
  const line =
    logFormat === "classic"
      ? classicPodLine(event, facts, redact)
      : jsonPodLine(event, facts, { time: instantOf(timeMs), label }, redact);
  return Buffer.from(line, "latin1");
}

/** A line about the observer itself. */
export function encodeNote(text: string, timeMs: number, { logFormat, label }: Settings): Buffer {
  return Buffer.from(noteLine(text, logFormat, { time: instantOf(timeMs), label }), "latin1");
}

function instantOf(timeMs: number): Instant {
  return [Math.floor(timeMs / 1000), (((timeMs % 1000) + 1000) % 1000) * 1000];
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
