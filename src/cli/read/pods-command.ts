import { Command } from "commander";
import { asByteString, decodeUtf8 } from "../../log/byte-string.ts";
import { lastLineOf, type PodStory } from "../../story/story.ts";
import { type State, type Summary, summarizePod } from "../../story/summary.ts";
import { escapeForTerminal, type Io, paint } from "../io.ts";
import { addReadOptions, logsOf, type ReadOptions, readStories } from "./read-options.ts";
import { longTable } from "./table.ts";

interface PodsOptions extends ReadOptions {
  readonly all?: boolean;
  readonly failed?: boolean;
  readonly namespace?: string;
}

const ID_LETTERS = 12;
/** Pods that are gone. */
const GONE: readonly State[] = ["removed", "vanished"];
const COLOURS: Partial<Record<State, "red" | "yellow" | "green">> = {
  failed: "red",
  untapped: "yellow",
  adding: "yellow",
  running: "green",
};

/** Without the story, which has all results. */
interface Row extends Pick<PodStory, "containerId" | "namespace" | "name" | "uid"> {
  readonly lastLine: number;
  readonly summary: Summary;
}

export function podsCommand(io: Io): Command {
  const command = new Command("pods")
    .description("List the pods that the log tells of, with their networks, addresses and times.")
    .option("--all", "removed pods too")
    .option("--failed", "only pods whose ADD failed, removed ones included")
    .option("-n, --namespace <namespace>", "only pods of this namespace")
    .addHelpText(
      "after",
      `
Exit: 0, also if there are no pods; 1 the log cannot be read, 2 invalid usage.

Example:
  $ cnitap pods --failed
`,
    );
  return addReadOptions(command).action(async (options: PodsOptions) => {
    const rows: Row[] = [];
    const close = (story: PodStory) => {
      const { containerId, namespace, name, uid } = story;
      for (const summary of summarizePod(story).filter((one) => isWanted(story, one, options)))
        rows.push({
          ...{ containerId, namespace, name, uid, lastLine: lastLineOf(story) },
          summary: { ...summary },
        });
    };
    const { closedEarly } = await readStories(logsOf(options), { close, closeGone: true }, io);
    rows.sort((one, other) => one.lastLine - other.lastLine);
    if (closedEarly > 0) io.err(`cnitap: ${closedEarly} old pods may be shown twice: there are too many\n`);
    if (options.json) for (const row of rows) io.out(`${JSON.stringify(jsonOf(row))}\n`);
    else showTable(rows, io);
  });
}

function isWanted(story: PodStory, { state }: Summary, { all, failed, namespace }: PodsOptions): boolean {
  if (namespace !== undefined && textOf(story.namespace) !== namespace) return false;
  return failed ? state === "failed" : all === true || !GONE.includes(state);
}

function textOf(bytes: string | null): string | null {
  return bytes === null ? null : decodeUtf8(asByteString(bytes));
}

/** RFC 3339, milliseconds. */
function dateOf(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

function jsonOf(story: Row) {
  const { network, ifname, state, ips, addMs, delMs, addedAt, deletedAt } = story.summary;
  return {
    containerId: textOf(story.containerId),
    namespace: textOf(story.namespace),
    name: textOf(story.name),
    uid: textOf(story.uid),
    network: textOf(network),
    ifname: textOf(ifname),
    ...{ state, ips: ips.map((ip) => textOf(ip)), addMs: rounded(addMs), delMs: rounded(delMs) },
    ...{ addedAt: dateOf(addedAt), deletedAt: dateOf(deletedAt) },
  };
}

/** Microseconds are what the log has. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}

function showTable(rows: readonly Row[], io: Io): void {
  if (rows.length === 0) return;
  const show = (bytes: string | null) => escapeForTerminal(textOf(bytes) ?? "").replaceAll(/[\n\t]/g, " ");
  const cellsOf = ({ summary, ...story }: Row) => [
    story.name === null ? "?" : `${show(story.namespace)}/${show(story.name)}`,
    show(story.containerId).slice(0, ID_LETTERS),
    summary.state,
    show(summary.ifname),
    summary.ips.map((ip) => show(ip).replace(/\/\d+$/, "")).join(","),
    msOf(summary.addMs),
    msOf(summary.delMs),
    ageOf(summary.addedAt),
  ];
  const columns = [
    { head: "POD", cut: true },
    { head: "CONTAINER ID" },
    { head: "STATE" },
    { head: "IF" },
    { head: "IPS", cut: true },
    { head: "ADD ms", right: true },
    { head: "DEL ms", right: true },
    { head: "AGE", right: true },
  ] as const;
  const cells = (at: number) => (rows[at] ? cellsOf(rows[at]) : []);
  let at = -1;
  for (const line of longTable(columns, rows.length, cells, io.columns)) {
    const state = rows[at++]?.summary.state;
    const colour = state && COLOURS[state];
    if (state === undefined) io.out(`${paint(io, "bold", line)}\n`);
    else io.out(`${colour ? line.replace(state, paint(io, colour, state)) : line}\n`);
  }
}

function msOf(ms: number | null): string {
  return ms === null ? "" : ms.toFixed(ms < 10 ? 1 : 0);
}

/** As kubectl shows it, roughly: the two largest units. */
function ageOf(timeMs: number | null): string {
  if (timeMs === null) return "";
  const seconds = Math.max(0, Math.round((Date.now() - timeMs) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86400)}d${Math.floor((seconds % 86400) / 3600)}h`;
}
