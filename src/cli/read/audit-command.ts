import { Command, InvalidArgumentError } from "commander";
import { asByteString, decodeUtf8 } from "../../log/byte-string.ts";
import { LogPods } from "../../node-state/log-pods.ts";
import { Audit, type AuditOptions, type AuditReport } from "../../story/audit.ts";
import { missingCodes } from "../../story/findings/codes.ts";
import { type Finding, podName, type Severity } from "../../story/findings/finding.ts";
import type { Sources } from "../../story/log-facts.ts";
import type { Stories } from "../../story/stories.ts";
import { EXIT, escapeForTerminal, type Io, paint } from "../io.ts";
import { wrapText } from "../text-columns.ts";
import {
  AGAIN_SECONDS,
  auditNode,
  checkUsage,
  type NodeOptions,
  nodeLogs,
  nodeSourcesText,
} from "./audit-node.ts";
import { addReadOptions, addTo, logsOf, type ReadOptions, readLines } from "./read-options.ts";
import { type Ask, askOnTerminal, repairNode } from "./repair-node.ts";

export interface AuditLogOptions extends ReadOptions {
  readonly stuck: number;
  readonly slow?: number;
}

type AuditCommandOptions = AuditLogOptions & NodeOptions;

export const STUCK_SECONDS = 60;
const COLOURS = { error: "red", warning: "yellow", note: "bold" } as const;
/** How many line numbers people are shown. */
const LINES_SHOWN = 6;
const FILES_SHOWN = 3;

export function auditCommand(io: Io, ask: Ask = askOnTerminal): Command {
  const command = new Command("audit")
    .description("Look for what went wrong in the log, and say what to do about it.")
    .option(
      "--stuck <seconds>",
      "what has not ended so long before the log's end is stuck",
      readNumber,
      STUCK_SECONDS,
    )
    .option("--slow <ms>", "name each ADD and DEL that took longer", readNumber)
    .option("--node", "hold the log against this node: addresses, caches, namespaces, rules, pods")
    .option(
      "--host-root <dir>",
      "with --node: where the host's / is mounted; all other paths are those of the host",
    )
    .option("--conf-dir <dir>", "with --node: the runtime's configuration directory")
    .option("--runtime-endpoint <socket>", "with --node: the runtime's socket")
    .option(
      "--again <seconds>",
      "with --node: when to look again, if something looks wrong",
      readNumber,
      AGAIN_SECONDS,
    )
    .option("--repair", "with --node: remove files that are nobody's, and keep copies; asks first")
    .option("--yes", "with --repair: do not ask")
    .addHelpText(
      "after",
      `
--node changes nothing without --repair. It needs root, and no log.

Exit: 0 no error was found (or none is left), 3 at least one; 1 the log or the node cannot be read, 2 invalid usage.

Examples:
  $ cnitap audit --slow 2000
  $ sudo cnitap audit --node
`,
    );
  return addReadOptions(command).action(async (options: AuditCommandOptions) => {
    checkUsage(options);
    await audit(options, io, ask);
  });
}

async function audit(options: AuditCommandOptions, io: Io, ask: Ask): Promise<void> {
  const pods = new LogPods((timeMs) => timeMs !== null && Date.now() - timeMs > options.stuck * 1000);
  const paths = options.node ? nodeLogs(options) : logsOf(options);
  const {
    findings: logged,
    sources,
    closedEarly,
  } = await auditLogs(options, io, { paths, eachPod: (pod) => pods.add(pod) });
  const node = options.node ? await auditNode(options, pods, io) : null;
  const known = new Set(logged.filter(({ code }) => code === "leak").map(({ containerId }) => containerId));
  const found = (node?.findings ?? []).filter(
    ({ code, containerId }) => code !== "leak" || !known.has(containerId),
  );
  const findings: readonly Finding<string>[] = [...logged, ...found];
  if (options.json) for (const finding of findings) io.out(`${jsonLine(findingJson(finding))}\n`);
  else showFindings(findings, io);
  if (closedEarly > 0) io.err(`cnitap: ${closedEarly} old pods were judged early: there are too many\n`);
  const said = [
    ...(paths.length > 0 ? [sourcesText(sources, node !== null)] : ["There is no log."]),
    ...(node === null ? [] : [nodeSourcesText(node.looks, pods)]),
  ].join("\n");
  if (options.json) io.err(`${said}\n`);
  else io.out(findings.length > 0 ? `\n${said}\n` : `${said}\n`);
  const isError = ({ severity }: Finding<string>) => severity === "error";
  const left =
    node !== null && options.repair
      ? await repairNode(options, node.looks, pods, io, ask)
      : found.filter(isError).length;
  if (left > 0 || logged.some(isError)) io.exitCode = EXIT.found;
}

function readNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !Number.isFinite(value))
    throw new InvalidArgumentError("It must be a number, 0 or more.");
  return value;
}

interface ReadWith {
  /** Other logs than those of the options. */
  readonly paths?: readonly string[];
  /** Gets each pod of the logs. */
  readonly eachPod?: AuditOptions["eachPod"];
  /** Get all lines too. */
  readonly stories?: Stories;
}

/** Judges the logs of the options. */
export async function auditLogs(
  options: AuditLogOptions,
  io: Io,
  { paths = logsOf(options), eachPod, stories }: ReadWith = {},
): Promise<AuditReport> {
  const audit = auditFor(options, eachPod);
  await readLines(paths, io, (number, read) => {
    audit.add(number, read);
    if (stories) addTo(stories, number, read);
  });
  stories?.end();
  return audit.end();
}

/** The audit that these options ask for. */
function auditFor(options: AuditLogOptions, eachPod: AuditOptions["eachPod"]): Audit {
  const own = options.logFile === undefined || options.logFile.length === 0;
  return new Audit({
    stuckMs: options.stuck * 1000,
    ...(options.slow === undefined ? {} : { slowMs: options.slow }),
    ...(own ? { nowMs: Date.now() } : {}), // the node's own log goes on
    ...(eachPod === undefined ? {} : { eachPod }),
  });
}

const text = (bytes: string) => decodeUtf8(asByteString(bytes));
const textOrNull = (bytes: string | null) => (bytes === null ? null : text(bytes));
const shown = (bytes: string) => escapeForTerminal(text(bytes)).replaceAll(/[\n\t]+/g, " ");

/** A finding as `--json` prints it. */
export function findingJson(finding: Finding<string>) {
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
function groupsOf(findings: readonly Finding<string>[]): Finding<string>[][] {
  const groups = new Map<string, Finding<string>[]>();
  for (const finding of findings) {
    const { code, severity, network, plugin, brief } = finding;
    const key = JSON.stringify([code, severity, network, plugin, brief]);
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()];
}

function showFindings(findings: readonly Finding<string>[], io: Io): void {
  const most = Math.max(0, ...findings.map(({ code }) => code.length));
  for (const group of groupsOf(findings)) {
    const [first] = group;
    if (first === undefined) continue;
    const { severity, code } = first;
    const head = `${paint(io, COLOURS[severity], severity.padEnd(SEVERITY_WIDTH))}  ${code.padEnd(most)}`;
    const indent = SEVERITY_WIDTH + most + 4;
    const lines = group.flatMap((one) => one.lines);
    const places = [...(lines.length > 0 ? [linesText(lines)] : []), ...filesText(group)];
    const texts = [
      group.length > 1 ? groupText(group, first) : shown(first.sentence),
      ...(places.length > 0 ? [places.join(", ")] : []),
      shown(first.advice),
    ].map((one) => wrapText(one, indent, io.columns));
    io.out(`${head}  ${texts.join(`\n${" ".repeat(indent)}`)}\n`);
  }
}

const SEVERITY_WIDTH = Math.max(
  ...(["error", "warning", "note"] satisfies Severity[]).map((one) => one.length),
);

/** `12 pods of calico-net: …, first default/web-0 at 12:00:01`. */
function groupText(group: readonly Finding<string>[], first: Finding<string>): string {
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

function filesText(group: readonly Finding<string>[]): string[] {
  const files = group.flatMap((one) => one.files);
  const more = files.length > FILES_SHOWN ? [`${files.length - FILES_SHOWN} more files`] : [];
  return [...files.slice(0, FILES_SHOWN).map(shown), ...more];
}

/** Which sources the log had, and what could therefore not be looked for in it. */
function sourcesText(sources: Sources, withNode: boolean): string {
  const names: readonly (readonly [keyof Sources, string])[] = [
    ["json", "json"],
    ["classic", "classic"],
    ["pre", "cni_pre"],
    ["post", "cni_post"],
    ["wrap", "cni_wrap"],
    ["observer", "observer"],
  ];
  const had = names.flatMap(([key, name]) => (sources[key] ? [name] : []));
  const missing = [...missingCodes(sources)].flatMap(([words, codes]) => {
    const own = codes.filter((code) => !withNode || code !== "leak"); // the node tells that, too
    return own.length === 0 ? [] : [`  ${own.join(", ")}: needs ${words}`];
  });
  const first = `The log has: ${had.length > 0 ? had.join(", ") : "no line of cni-tap"}.`;
  return missing.length === 0 ? first : [`${first} Not looked for:`, ...missing].join("\n");
}
