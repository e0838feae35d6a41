import { statSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lookAtNode } from "../../machine/look-at-node.ts";
import { Root } from "../../machine/root.ts";
import type { NodeFacts } from "../../node-state/facts.ts";
import { missingNodeCodes } from "../../node-state/findings/codes.ts";
import type { NodeFinding } from "../../node-state/findings/node-finding.ts";
import { judgeNode } from "../../node-state/judge-node.ts";
import { Lives } from "../../node-state/lives.ts";
import type { LogPods } from "../../node-state/log-pods.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { type CommonOptions, placesOf } from "../common-options.ts";
import { escapeForTerminal, type Io } from "../io.ts";
import { logsOf, type ReadOptions } from "./read-options.ts";

/** The options of `audit --node`. */
export interface NodeOptions
  extends Pick<CommonOptions, "confDir" | "hostRoot" | "runtimeEndpoint" | "json"> {
  readonly node?: boolean;
  readonly again: number;
  readonly repair?: boolean;
  readonly yes?: boolean;
}

/** Seconds from the first look to the second. */
export const AGAIN_SECONDS = 5;

const OF_NODE = ["hostRoot", "confDir", "runtimeEndpoint", "repair"] as const;

/**
 * Refuses options that only mean something with others.
 * @throws {UsageError} if one of those is missing
 */
export function checkUsage(options: NodeOptions): void {
  const [first] = OF_NODE.filter((key) => options[key] !== undefined);
  const flag = (key: string) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (!options.node && first !== undefined)
    throw new UsageError(`Cannot use ${flag(first)}: it needs --node`);
  if (options.yes && !options.repair) throw new UsageError("Cannot use --yes: it needs --repair");
}

/** The logs of the options, below the host's root; without the option the node's own, if there is one. */
export function nodeLogs(options: NodeOptions & ReadOptions): string[] {
  const root = new Root(options.hostRoot);
  const at = (path: string) =>
    path === "-" || options.hostRoot === undefined ? path : root.at(resolve("/", path));
  const named = options.logFile ?? [];
  if (named.length > 0) return named.map(at);
  return logsOf(options, root)
    .map(at)
    .filter((path) => isFile(path) || isFile(`${path}.1`));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

export interface NodeReport {
  /** One look, or two if the first one showed something. */
  readonly looks: readonly NodeFacts[];
  readonly findings: readonly NodeFinding[];
}

/**
 * Looks at the node, and if something looks wrong once more some seconds later.
 * @throws {CliError} if this user is not root and the node is this machine
 */
export async function auditNode(options: NodeOptions, log: LogPods, io: Io): Promise<NodeReport> {
  if (options.hostRoot === undefined && process.geteuid?.() !== 0)
    throw new CliError(
      "Cannot look at the node: this user is not root\nRun it as root, or name a copy of its files with --host-root.",
    );
  const look = () => lookAtNode(placesOf(options), log.netnsPaths);
  const first = await look();
  if (judgeNode([first], log).length === 0) return { looks: [first], findings: [] };
  if (io.terminal) io.err(`something looks wrong; looking again in ${options.again} s\n`);
  await delay(options.again * 1000);
  const looks = [first, await look()];
  return { looks, findings: judgeNode(looks, log) };
}

/** Which sources the last look had, and what could therefore not be looked for. */
export function nodeSourcesText(looks: readonly NodeFacts[], log: LogPods): string {
  const facts = looks.at(-1);
  if (facts === undefined) return "";
  const { cache, reservations, namespaces, runtime, rules, gaps } = facts;
  const addresses = reservations.reduce((sum, { files }) => sum + files.length, 0);
  const had = [
    `${cache.length} files of libcni's cache`,
    `${addresses} of host-local`,
    `${namespaces.mounted.length} network namespaces`,
    ...(runtime === null ? [] : [`${runtime.pods.length} pods of ${runtime.name} ${runtime.version}`]),
    ...(rules === null ? [] : ["portmap's rules"]),
  ];
  const missing = missingNodeCodes(facts, new Lives(facts, log));
  const lines = [
    `The node has: ${had.join(", ")}.${missing.size === 0 ? "" : " Not looked for:"}`,
    ...[...missing].map(([words, codes]) => `  ${codes.join(", ")}: needs ${words}`),
    ...gaps.map((gap) => `  (${gap})`),
  ];
  return escapeForTerminal(lines.join("\n"));
}
