import { Command } from "commander";
import { asByteString, decodeUtf8 } from "../../log/byte-string.ts";
import { STDIN } from "../../machine/log-reader.ts";
import type { PodStory } from "../../story/story.ts";
import { summarizePod } from "../../story/summary.ts";
import { type Moment, timelineOf } from "../../story/timeline.ts";
import { CliError } from "../cli-error.ts";
import { escapeForTerminal, type Io, paint } from "../io.ts";
import { addReadOptions, logsOf, type ReadOptions, readStories } from "./read-options.ts";

interface ShowOptions extends ReadOptions {
  readonly brief?: boolean;
}

export function showCommand(io: Io): Command {
  const command = new Command("show")
    .description("Show all that the log tells of one pod, in the order of time.")
    .argument("<pod>", "NAMESPACE/NAME, NAME, or the first letters of a container ID")
    .option("--brief", "without the requests and results themselves")
    .addHelpText(
      "after",
      `
A pod of several sandboxes shows all, the latest first.
Exit: 0 the pod was found, 1 it is not in the log or the log cannot be read, 2 invalid usage.

Example:
  $ cnitap show default/web-0 --brief
`,
    );
  return addReadOptions(command).action(async (pod: string, options: ShowOptions) => {
    const stories = await findStories(pod, options, io);
    if (stories.length === 0)
      throw new CliError(
        `Cannot show ${pod}: no line of the log is about it\ncnitap pods --all lists the pods that are there.`,
      );
    for (const [at, story] of stories.entries()) {
      if (options.json) io.out(`${JSON.stringify(jsonOf(story))}\n`);
      else {
        if (at > 0) io.out("\n");
        showStory(story, options.brief === true, io);
      }
    }
  });
}

const text = (bytes: string) => decodeUtf8(asByteString(bytes));
const textOrNull = (bytes: string | null) => (bytes === null ? null : text(bytes));
const shown = (bytes: string) => escapeForTerminal(text(bytes));

/** The pod's stories, with all requests, the latest first. */
async function findStories(pod: string, options: ShowOptions, io: Io): Promise<PodStory[]> {
  const paths = logsOf(options);
  const found: PodStory[] = [];
  const piped = paths.includes(STDIN); // it can be read only once
  const keepMatching = (story: PodStory) => {
    if (isCalled(story, pod)) found.push(story);
  };
  await readStories(paths, { close: keepMatching, keepInputs: piped }, io);
  if (!piped && found.length > 0) {
    const only = new Set(found.splice(0).map(({ containerId }) => containerId));
    await readStories(paths, { close: (story) => found.push(story), keepInputs: true, only }, io);
  }
  return found.reverse();
}

function isCalled({ containerId, namespace, name }: PodStory, pod: string): boolean {
  const own = textOrNull(name);
  if (own !== null && (pod === own || pod === `${textOrNull(namespace)}/${own}`)) return true;
  return pod !== "" && text(containerId).startsWith(pod);
}

function showStory(story: PodStory, brief: boolean, io: Io): void {
  const name = story.name === null ? "unknown pod" : `${shown(story.namespace ?? "")}/${shown(story.name)}`;
  io.out(`${paint(io, "bold", name)}  ${shown(story.containerId)}\n`);
  for (const { network, ifname, state, ips, addMs, delMs } of summarizePod(story)) {
    const parts = [
      network === null ? null : `${shown(network)}${ifname === null ? "" : ` ${shown(ifname)}`}`,
      paint(io, state === "failed" ? "red" : "green", state),
      ips.length > 0 ? ips.map(shown).join(", ") : null,
      addMs === null ? null : `ADD ${addMs.toFixed(1)} ms`,
      delMs === null ? null : `DEL ${delMs.toFixed(1)} ms`,
    ];
    io.out(`  ${parts.filter((part) => part !== null).join("  ")}\n`);
  }
  const share = shareOf(story);
  if (share) io.out(`  ${share}\n`);
  io.out("\n");
  const moments = timelineOf(story);
  const first = moments.find(({ timeMs }) => timeMs !== null)?.timeMs ?? null;
  for (const moment of moments) showMoment(moment, first, brief, io);
  const hint = hintFor(story, moments);
  if (hint) io.out(`\n${hint}\n`);
}

/** How long CNI took of the pod's start, where the observer saw it. */
function shareOf(story: PodStory): string | null {
  const run = story.events.find(({ event }) => event === "RunPodSandbox")?.timeMs ?? null;
  const adds = story.attachments.flatMap(({ calls }) => calls.filter(({ command }) => command === "ADD"));
  const begun = adds.find(({ timeMs }) => timeMs !== null)?.timeMs ?? null;
  const took = summarizePod(story).reduce((most, { addMs }) => Math.max(most, addMs ?? 0), 0);
  if (run === null || begun === null || took === 0 || run <= begun) return null;
  return `CNI took ${took.toFixed(0)} ms of the ${(run - begun).toFixed(0)} ms from the first ADD to RunPodSandbox`;
}

function showMoment(moment: Moment, first: number | null, brief: boolean, io: Io): void {
  const { timeMs, title, ifname, depth, bad, notes, payload } = moment;
  const offset = timeMs === null || first === null ? "" : `${(timeMs - first).toFixed(1)} ms`;
  const where = ifname === null ? "" : `  [${shown(ifname)}]`;
  io.out(
    `${offset.padStart(13)}  ${"  ".repeat(depth)}${bad ? paint(io, "red", shown(title)) : shown(title)}${where}\n`,
  );
  const indent = " ".repeat(17 + 2 * depth);
  for (const note of notes) io.out(`${indent}${bad ? paint(io, "red", shown(note)) : shown(note)}\n`);
  if (brief || payload === null) return;
  for (const line of `${payload.kind} ${prettyOf(payload.json)}`.split("\n"))
    io.out(`${indent}${escapeForTerminal(line)}\n`);
}

function prettyOf(json: string): string {
  try {
    return JSON.stringify(JSON.parse(text(json)), null, 2);
  } catch {
    return text(json);
  }
}

/** What would tell more about a failed ADD. */
function hintFor(story: PodStory, moments: readonly Moment[]): string | null {
  const failed = summarizePod(story).some(({ state }) => state === "failed");
  const wrapped = story.attachments.some(({ calls }) => calls.some(({ kind }) => kind === "plugin"));
  if (!failed || wrapped) return null;
  const since = moments.find(({ timeMs }) => timeMs !== null)?.timeMs ?? null;
  const when =
    since === null
      ? ""
      : ` --since '${new Date(since - 1000).toISOString().slice(0, 19).replace("T", " ")} UTC'`;
  return [
    "A plugin between the taps failed; its words are not in this log. The runtime's journal has them:",
    `  journalctl${when} | grep ${shown(story.containerId).slice(0, 12)}`,
    "cnitap install --mode wrap logs what each plugin says.",
  ].join("\n");
}

function jsonOf(story: PodStory) {
  return {
    containerId: text(story.containerId),
    namespace: textOrNull(story.namespace),
    name: textOrNull(story.name),
    uid: textOrNull(story.uid),
    timeline: timelineOf(story).map(({ timeMs, title, ifname, bad, notes, payload, line }) => ({
      time: timeMs === null ? null : new Date(timeMs).toISOString(),
      line,
      title: text(title),
      ifname: textOrNull(ifname),
      bad,
      notes: notes.map(text),
      ...(payload === null ? {} : { [payload.kind]: parse(text(payload.json)) }),
    })),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
