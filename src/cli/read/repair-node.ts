import { createInterface } from "node:readline/promises";
import { lookAtNode } from "../../machine/look-at-node.ts";
import { repairFiles } from "../../machine/repair-files.ts";
import { Root } from "../../machine/root.ts";
import type { NodeFacts } from "../../node-state/facts.ts";
import { judgeNode } from "../../node-state/judge-node.ts";
import type { LogPods } from "../../node-state/log-pods.ts";
import { planRepairs, type Repair } from "../../node-state/repairs.ts";
import { placesOf } from "../common-options.ts";
import { escapeForTerminal, type Io } from "../io.ts";
import type { NodeOptions } from "./audit-node.ts";

/** Asks a question that yes or no answers; null: there is nobody to ask. */
export type Ask = (question: string) => Promise<boolean | null>;

/**
 * Shows the repairs that lose nothing, and carries them out if they are wanted. What has changed since is left out: the node
 * is looked at again first.
 * @returns the node's errors that are left
 */
export async function repairNode(
  options: NodeOptions,
  looks: readonly NodeFacts[],
  log: LogPods,
  io: Io,
  ask: Ask,
): Promise<number> {
  const say = (line: string) => (options.json ? io.err : io.out).call(io, `${escapeForTerminal(line)}\n`);
  const planned = planRepairs(looks, log);
  const errorsOf = (facts: readonly NodeFacts[]) =>
    judgeNode(facts, log).filter(({ severity }) => severity === "error").length;
  if (planned.length === 0) {
    say("There is nothing to repair.");
    return errorsOf(looks);
  }
  for (const { path, why } of planned) say(`remove ${path}: ${why}`);
  const answer = options.yes === true || (await ask(`Remove ${countOf(planned)}, and keep copies? [y/N] `));
  if (answer !== true) {
    say(`Nothing was repaired${answer === null ? ": --yes does it without a question" : ""}.`);
    return errorsOf(looks);
  }
  const places = placesOf(options);
  const look = () => lookAtNode(places, log.netnsPaths);
  const still = new Set(planRepairs([...looks, await look()], log).map(({ path }) => path));
  const name = new Date().toISOString().replaceAll(":", ".");
  const root = new Root(places.hostRoot);
  const wanted = planned.filter(({ path }) => still.has(path));
  repairFiles(root, wanted, name, ({ path, copy }) => {
    if (options.json) io.out(`${JSON.stringify({ repaired: path, copy })}\n`);
    else say(copy === null ? `${path} is gone already` : `removed ${path}; copy: ${copy}`);
  });
  return errorsOf([await look()]);
}

function countOf(repairs: readonly Repair[]): string {
  return repairs.length === 1 ? "this file" : `these ${repairs.length} files`;
}

/** Asks on the terminal. */
export async function askOnTerminal(question: string): Promise<boolean | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}
