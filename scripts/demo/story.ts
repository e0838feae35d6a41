import { parseLogLine, type WrapLine } from "../../src/log/log-line.ts";

/** A line of the log and its meaning. */
interface Event {
  readonly line: string;
  /** "ADD pre 1": a call of a tap; 1 for ADD and StopPodSandbox's DELs, 2 for RemovePodSandbox's DELs. */
  readonly key: string;
}

/** The runtime's step that starts with an event. */
const steps: Readonly<Record<string, string>> = {
  "ADD pre 1": "RunPodSandbox: the pod gets its network",
  "NRI StopPodSandbox": "StopPodSandbox: the pod gives its network back",
  "DEL post 2": "RemovePodSandbox: the pod is forgotten",
};

const words: Readonly<Record<string, string>> = {
  "ADD pre 1": "cni_pre, first in the chain: what the runtime handed in. No plugin has run yet.",
  "ADD post 1": "cni_post, last in the chain: the result of all plugins, as the runtime gets it.",
  "NRI RunPodSandbox": "cnitap observe: the pod is up, with these addresses, and has no container yet.",
  "NRI StopPodSandbox": "cnitap observe: it is to end, and still has its network.",
  "DEL post 1": "cni_post: a DEL runs the chain backwards, so it comes first now.",
  "DEL pre 1": "cni_pre: last now. That it was reached says that every plugin's DEL went well.",
  "DEL post 2": "cni_post again: a runtime makes sure. CNI_NETNS is empty, prevResult is gone.",
  "DEL pre 2": "cni_pre again.",
  "NRI RemovePodSandbox": "cnitap observe: the end of the pod's story.",
};

/** Explains each line of a pod's log. `paint` colours a text with an SGR code. */
export function tellStory(lines: readonly string[], paint: (code: string, text: string) => string): string[] {
  const story: string[] = [];
  for (const [index, { line, key }] of readEvents(lines).entries()) {
    const step = steps[key];
    if (step) story.push("", paint("1", step));
    const title = key.replace(/ (pre|post) \d$/, "").padEnd(3);
    story.push("", paint("36", `${index + 1}. ${title}  ${words[key] ?? ""}`), line);
  }
  return story;
}

/** Explains the lines of a pod whose network fails, with its plugins wrapped: those of its ADD, the others in short. */
export function tellFailure(
  lines: readonly string[],
  paint: (code: string, text: string) => string,
): string[] {
  const read = lines.flatMap((line) => {
    const event = parseLogLine(line);
    return event?.kind === "wrap" ? { line, event } : [];
  });
  const adds = read.filter(({ event }) => event.command === "ADD");
  const story = adds.flatMap(({ line, event }, index) => {
    const words = event.end
      ? `What ${event.plugin} answered: ${endOf(event)}.`
      : `What ${event.plugin} was asked. It has not run yet.`;
    return ["", paint("36", `${index + 1}. ADD  ${words}`), line];
  });
  const dels = read.filter(({ event }) => event.command === "DEL" && event.end);
  const ends = dels.map(({ event }) => `${event.plugin}: ${endOf(event)}`).join(", ");
  const rest = `${adds.length + 1}-${read.length}. DEL  The runtime cleans up. ${ends}.`;
  return [...story, "", paint("36", rest)];
}

function endOf({ end }: WrapLine): string {
  const ended = end?.exit === null ? `signal ${end.signal}` : `exit code ${end?.exit}`;
  return `${ended} after ${end?.ms.toFixed(1)} ms`;
}

/** Finds the key of each line. In the classic format, tap and round are derived from content and order. */
function readEvents(lines: readonly string[]): Event[] {
  const seen = new Set<string>();
  return lines.flatMap((line) => {
    const read = parseLogLine(line);
    if (read?.kind === "pod") return { line, key: `NRI ${read.event}` };
    if (read?.kind !== "call") return [];
    const { command, content } = read;
    const tap = read.tap ?? (command === "ADD" && content.kind === "input" ? "pre" : "post");
    const round = seen.has(`${command} ${tap}`) ? 2 : 1;
    seen.add(`${command} ${tap}`);
    return { line, key: `${command} ${tap} ${round}` };
  });
}
