import { setTimeout as delay } from "node:timers/promises";
import { lookAtNode } from "../../machine/look-at-node.ts";
import type { NodeFacts } from "../../node-state/facts.ts";
import { missingNodeCodes } from "../../node-state/findings/codes.ts";
import type { NodeFinding } from "../../node-state/findings/node-finding.ts";
import { judgeNode } from "../../node-state/judge-node.ts";
import { Lives } from "../../node-state/lives.ts";
import type { LogPods } from "../../node-state/log-pods.ts";
import { CliError } from "../cli-error.ts";
import { type CommonOptions, placesOf } from "../common-options.ts";
import { escapeForTerminal, type Io } from "../io.ts";

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
