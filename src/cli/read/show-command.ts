import { Command } from "commander";
import { asByteString, decodeUtf8, encodeUtf8 } from "../../log/byte-string.ts";
import { readJournal, readJournalFile } from "../../machine/journal.ts";
import { isStream } from "../../machine/log-reader.ts";
import type { Finding } from "../../story/findings/finding.ts";
import type { JournalLine } from "../../story/journal.ts";
import { Stories } from "../../story/stories.ts";
import type { PodStory } from "../../story/story.ts";
import { summarizePod } from "../../story/summary.ts";
import { type Moment, timelineOf } from "../../story/timeline.ts";
import { CliError } from "../cli-error.ts";
import { escapeForTerminal, type Io, paint } from "../io.ts";
import { wrapText } from "../text-columns.ts";
import { auditLogs, findingJson, STUCK_SECONDS } from "./audit-command.ts";
import { addReadOptions, logsOf, type ReadOptions, readStories } from "./read-options.ts";

interface ShowOptions extends ReadOptions {
  readonly brief?: boolean;
  /** Undefined: where it may be this node's. */
  readonly journal?: boolean;
  readonly journalFile?: string;
}

/** The runtime says what it makes of a pod a little later. */
const JOURNAL_AFTER_MS = 10_000;
const JOURNAL_BEFORE_MS = 1000;
const ADVICE_INDENT = 7;

/** A pod's story, with what is beside it. */
interface Found {
  readonly story: PodStory;
  readonly findings: readonly Finding[];
  /** Null: there is none to read. */
  readonly journal: readonly JournalLine[] | null;
}

export function showCommand(io: Io): Command {
  const command = new Command("show")
    .description("Show all that the log tells of one pod, in the order of time.")
    .argument("<pod>", "NAMESPACE/NAME, NAME, or the first letters of a container ID")
    .option("--brief", "without the requests and results themselves")
    .option(
      "--journal",
      "with the runtime's own lines about it (default: if journalctl is there, and --log-file is not given)",
    )
    .option("--no-journal", "without them")
    .option("--journal-file <file>", "with the lines of this text about it")
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
    const { stories, findings } = await findStories(pod, options, io);
    if (stories.length === 0)
      throw new CliError(
        `Cannot show ${pod}: no line of the log is about it\ncnitap pods --all lists the pods that are there.`,
      );
    for (const [at, story] of stories.entries()) {
      const found = {
        ...{ story, journal: await journalOf(story, options) },
        findings: findings.filter(({ containerId }) => containerId === story.containerId),
      };
      if (options.json) io.out(`${JSON.stringify(jsonOf(found))}\n`);
      else {
        if (at > 0) io.out("\n");
        showStory(found, options.brief === true, io);
      }
    }
  });
}

const text = (bytes: string) => decodeUtf8(asByteString(bytes));
const textOrNull = (bytes: string | null) => (bytes === null ? null : text(bytes));
const shown = (bytes: string) => escapeForTerminal(text(bytes));

/** The pod's stories, with all requests, the latest first; and what the log shows to be wrong. */
async function findStories(
  pod: string,
  options: ShowOptions,
  io: Io,
): Promise<{ readonly stories: PodStory[]; readonly findings: readonly Finding[] }> {
  const paths = logsOf(options);
  const found: PodStory[] = [];
  const piped = paths.some(isStream); // it can be read only once
  const keepMatching = (story: PodStory) => {
    if (isCalled(story, pod)) found.push(story);
  };
  const stories = new Stories({ close: keepMatching, keepInputs: piped });
  const { findings } = await auditLogs({ ...options, stuck: STUCK_SECONDS }, io, { stories });
  if (!piped && found.length > 0) {
    const only = new Set(found.splice(0).map(({ containerId }) => containerId));
    await readStories(paths, { close: (story) => found.push(story), keepInputs: true, only }, io);
  }
  return { stories: found.reverse(), findings };
}

/** What the runtime's journal has about the pod. */
async function journalOf(story: PodStory, options: ShowOptions): Promise<readonly JournalLine[] | null> {
  const { journal, journalFile, logFile } = options;
  const id = text(story.containerId);
  if (journalFile !== undefined) return readJournalFile(journalFile, id);
  if (!(journal ?? logFile === undefined)) return null;
  const times = timelineOf(story).flatMap(({ timeMs }) => timeMs ?? []);
  const [first, last] = [times.at(0), times.at(-1)];
  if (first === undefined || last === undefined) return null; // the classic format tells no times
  return readJournal(id, first - JOURNAL_BEFORE_MS, last + JOURNAL_AFTER_MS);
}

/** The lines of a journal as moments of the story. */
function journalMoments(lines: readonly JournalLine[]): Moment[] {
  return lines.map(({ timeMs, program, level, text: said }) => ({
    ...{
      line: 0,
      timeMs,
      ifname: null,
      depth: 0,
      payload: null,
      bad: level === "error" || level === "fatal",
    },
    title: encodeUtf8(`journal ${[program, level].filter((part) => part !== null).join(" ")}`.trimEnd()),
    notes: [encodeUtf8(said)],
  }));
}

/** The timeline with the journal's lines; those without a time come last. */
function momentsOf({ story, journal }: Found): Moment[] {
  const said = journalMoments(journal ?? []);
  const timed = [...timelineOf(story), ...said.filter(({ timeMs }) => timeMs !== null)];
  timed.sort((one, other) => (one.timeMs === null || other.timeMs === null ? 0 : one.timeMs - other.timeMs));
  return [...timed, ...said.filter(({ timeMs }) => timeMs === null)];
}

function isCalled({ containerId, namespace, name }: PodStory, pod: string): boolean {
  const own = textOrNull(name);
  if (own !== null && (pod === own || pod === `${textOrNull(namespace)}/${own}`)) return true;
  return pod !== "" && text(containerId).startsWith(pod);
}

function showStory(found: Found, brief: boolean, io: Io): void {
  const { story } = found;
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
  const moments = momentsOf(found);
  const first = moments.find(({ timeMs }) => timeMs !== null)?.timeMs ?? null;
  for (const moment of moments) showMoment(moment, first, brief, io);
  if (found.findings.length > 0) io.out("\n");
  for (const { severity, code, sentence, advice } of found.findings) {
    const label = paint(io, severity === "error" ? "red" : "yellow", severity);
    const said = wrapText(`${severity}  ${code}  ${shown(sentence)}`, ADVICE_INDENT, io.columns);
    io.out(`${label}${said.slice(severity.length)}\n`);
    io.out(`${" ".repeat(ADVICE_INDENT)}${wrapText(shown(advice), ADVICE_INDENT, io.columns)}\n`);
  }
  const hint = (found.journal?.length ?? 0) > 0 ? null : hintFor(story, moments);
  if (hint) io.out(`\n${hint}\n`);
}

/** How long CNI took of the pod's start, where the observer saw it. */
function shareOf(story: PodStory): string | null {
  const run = story.events.find(({ event }) => event === "RunPodSandbox")?.timeMs ?? null;
  const adds = story.attachments.flatMap(({ calls }) => calls.filter(({ command }) => command === "ADD"));
  const begun = adds.find(({ timeMs }) => timeMs !== null)?.timeMs ?? null;
  const took = summarizePod(story).reduce((most, { addMs }) => Math.max(most, addMs ?? 0), 0);
  if (run === null || begun === null || took === 0 || run <= begun) return null;
  return `CNI took ${durationText(took)} of ${durationText(run - begun)} from the first ADD to RunPodSandbox`;
}

/** `41 ms`, `1.2 s`. */
function durationText(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
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

function jsonOf(found: Found) {
  const { story, findings } = found;
  return {
    containerId: text(story.containerId),
    namespace: textOrNull(story.namespace),
    name: textOrNull(story.name),
    uid: textOrNull(story.uid),
    findings: findings.map(findingJson),
    timeline: momentsOf(found).map(({ timeMs, title, ifname, bad, notes, payload, line }) => ({
      time: timeMs === null ? null : new Date(timeMs).toISOString(),
      line: line === 0 ? null : line,
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
