import { type EventName, eventNames } from "../../nri/events.ts";
import { goQuote } from "../../nri/logrus.ts";
import { shorten } from "../excerpt.ts";

const ofPods = eventNames.filter((name) => name.endsWith("PodSandbox"));
const GROUPS = new Map<string, readonly EventName[]>([
  ["all", eventNames],
  ["pod", ofPods],
  ["podsandbox", ofPods],
  ["container", eventNames.filter((name) => name.endsWith("Container"))],
]);

/**
 * The events of a comma-separated list of names in any case, such as "RunPodSandbox", or of "all", "pod" and
 * "container". An empty list is all.
 * @throws Error with the words of Go's plugin, if there is no such event
 */
export function parseEvents(list: string): readonly EventName[] {
  const wanted = list
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  if (wanted.length === 0) return eventNames;
  const found = wanted.flatMap((name) => {
    const events = GROUPS.get(name) ?? eventNames.filter((one) => one.toLowerCase() === name);
    if (events.length === 0) throw new Error(`unknown event ${goQuote(shorten(name))}`);
    return events;
  });
  return eventNames.filter((name) => found.includes(name));
}
