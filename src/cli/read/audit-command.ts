import { Command, InvalidArgumentError } from "commander";
import { asByteString, decodeUtf8 } from "../../log/byte-string.ts";
import { Audit, type AuditReport } from "../../story/audit.ts";
import { missingCodes } from "../../story/findings/codes.ts";
import { type Finding, podName, type Severity } from "../../story/findings/finding.ts";
import type { Sources } from "../../story/log-facts.ts";
import type { Stories } from "../../story/stories.ts";
import { EXIT, escapeForTerminal, type Io, paint } from "../io.ts";
import { addReadOptions, addTo, logsOf, type ReadOptions, readLines } from "./read-options.ts";

export interface AuditCommandOptions extends ReadOptions {
  readonly stuck: number;
  readonly slow?: number;
}

export const STUCK_SECONDS = 60;
const COLOURS = { error: "red", warning: "yellow", note: "bold" } as const;
/** How many line numbers people are shown. */
const LINES_SHOWN = 6;

export function auditCommand(io: Io): Command {
  const command = new Command("audit")
    .description("Look for what went wrong in the log, and say what to do about it.")
    .option(
      "--stuck <seconds>",
      "what has not ended so long before the log's end is stuck",
      readNumber,
      STUCK_SECONDS,
    )
    .option("--slow <ms>", "name each ADD and DEL that took longer", readNumber)
    .addHelpText(
      "after",
      `
Exit: 0 no error was found, 3 at least one; 1 the log cannot be read, 2 invalid usage.

Example:
  $ cnitap audit --slow 2000
`,
    );
  return addReadOptions(command).action(async (options: AuditCommandOptions) => {
    const report = await auditLogs(options, io);
    const { findings, sources, closedEarly } = report;
    if (options.json) for (const finding of findings) io.out(`${jsonLine(findingJson(finding))}\n`);
    else showFindings(findings, io);
    if (closedEarly > 0) io.err(`cnitap: ${closedEarly} old pods were judged early: there are too many\n`);
    const said = `${sourcesText(sources)}\n`;
    if (options.json) io.err(said);
    else io.out(findings.length > 0 ? `\n${said}` : said);
    if (findings.some(({ severity }) => severity === "error")) io.exitCode = EXIT.found;
  });
}

function readNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !Number.isFinite(value))
    throw new InvalidArgumentError("It must be a number, 0 or more.");
  return value;
}

/**
 * Judges the logs of the options.
 * @param stories get all lines too
 */
export async function auditLogs(
  options: AuditCommandOptions,
  io: Io,
  stories?: Stories,
): Promise<AuditReport> {
  const audit = auditFor(options);
  await readLines(logsOf(options), io, (number, read) => {
    audit.add(number, read);
    if (stories) addTo(stories, number, read);
  });
  stories?.end();
  return audit.end();
}

/** The audit that these options ask for. */
function auditFor(options: AuditCommandOptions): Audit {
  const own = options.logFile === undefined || options.logFile.length === 0;
  return new Audit({
    stuckMs: options.stuck * 1000,
    ...(options.slow === undefined ? {} : { slowMs: options.slow }),
    ...(own ? { nowMs: Date.now() } : {}), // the node's own log goes on
  });
}

const text = (bytes: string) => decodeUtf8(asByteString(bytes));
const textOrNull = (bytes: string | null) => (bytes === null ? null : text(bytes));
const shown = (bytes: string) => escapeForTerminal(text(bytes)).replaceAll(/[\n\t]+/g, " ");

/** A finding as `--json` prints it. */
export function findingJson(finding: Finding) {
  const { code, severity, containerId, namespace, name, network, plugin, sentence, lines, files } = finding;
  return {
    ...{ code, severity, containerId: textOrNull(containerId), namespace: textOrNull(namespace) },
    ...{ name: textOrNull(name), network: textOrNull(network), plugin: textOrNull(plugin) },
    ...{ sentence: text(sentence), lines, files: files.map(text), advice: text(finding.advice) },
  };
}

/** One line for any reader: what some take for the end of a line is escaped. */
function jsonLine(value: object): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Findings of which all but the pod is the same. */
function groupsOf(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { code, severity, network, plugin, brief } = finding;
    const key = JSON.stringify([code, severity, network, plugin, brief]);
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()];
}

function showFindings(findings: readonly Finding[], io: Io): void {
  const most = Math.max(0, ...findings.map(({ code }) => code.length));
  for (const group of groupsOf(findings)) {
    const [first] = group;
    if (first === undefined) continue;
    const { severity, code } = first;
    const head = `${paint(io, COLOURS[severity], severity.padEnd(SEVERITY_WIDTH))}  ${code.padEnd(most)}`;
    const indent = " ".repeat(SEVERITY_WIDTH + most + 4);
    io.out(`${head}  ${group.length > 1 ? groupText(group, first) : shown(first.sentence)}\n`);
    const lines = group.flatMap((one) => one.lines);
    const places = [...(lines.length > 0 ? [linesText(lines)] : []), ...first.files.map(shown)];
    if (places.length > 0) io.out(`${indent}${places.join(", ")}\n`);
    io.out(`${indent}${shown(first.advice)}\n`);
  }
}

const SEVERITY_WIDTH = Math.max(
  ...(["error", "warning", "note"] satisfies Severity[]).map((one) => one.length),
);

/** `12 pods of calico-net: …, first default/web-0 at 12:00:01`. */
function groupText(group: readonly Finding[], first: Finding): string {
  const pods = new Set(group.map(({ containerId }) => containerId)).size;
  const things = pods > 1 ? `${pods} pods` : `${group.length} times`;
  const of = first.network === null ? "" : ` of ${shown(first.network)}`;
  const { containerId, timeMs } = first;
  const pod = containerId === null ? null : shown(podName({ ...first, containerId }));
  const at = timeMs === null ? "" : ` at ${new Date(timeMs).toISOString().slice(0, 19)}Z`;
  return `${things}${of}: ${shown(first.brief)}${pod === null ? "" : `, first ${pod}${at}`}`;
}

function linesText(lines: readonly number[]): string {
  const few = lines.slice(0, LINES_SHOWN).join(", ");
  const more = lines.length > LINES_SHOWN ? ` and ${lines.length - LINES_SHOWN} more` : "";
  return `line${lines.length === 1 ? "" : "s"} ${few}${more}`;
}

/** Which sources the log had, and what could therefore not be looked for. */
function sourcesText(sources: Sources): string {
  const names: readonly (readonly [keyof Sources, string])[] = [
    ["json", "json"],
    ["classic", "classic"],
    ["pre", "cni_pre"],
    ["post", "cni_post"],
    ["wrap", "cni_wrap"],
    ["observer", "observer"],
  ];
  const had = names.flatMap(([key, name]) => (sources[key] ? [name] : []));
  const missing = [...missingCodes(sources)].map(([words, codes]) => `  ${codes.join(", ")}: needs ${words}`);
  const first = `The log has: ${had.length > 0 ? had.join(", ") : "no line of cni-tap"}.`;
  return missing.length === 0 ? first : [`${first} Not looked for:`, ...missing].join("\n");
}
