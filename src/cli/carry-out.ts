import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { isProgram } from "../conflist/tap-entries.ts";
import { type ByteString, decodeUtf8 } from "../log/byte-string.ts";
import { waitForCalls } from "../machine/calls.ts";
import { withLock } from "../machine/edit-lock.ts";
import { findLeftovers, removeLeftovers } from "../machine/leftovers.ts";
import { linkFolderOf } from "../machine/link-folder.ts";
import { type LoadedNetwork, type Runtime, waitForRuntime } from "../machine/runtime.ts";
import { Changed, perform, type Step } from "../machine/step.ts";
import type { Survey } from "../machine/survey.ts";
import { CliError } from "./cli-error.ts";
import { escapeForTerminal } from "./io.ts";

const ATTEMPTS = 20;
const PAUSE_MS = 50;
const LOAD_TIMEOUT_MS = 5000;
const CALLS_TIMEOUT_MS = 20_000;

/** The changes to make, and what the runtime should have loaded afterwards. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly expected: readonly Expected[];
}

export interface Expected {
  readonly network: string;
  /** The types of its taps and wrapped plugins, in order. */
  readonly taps: readonly string[];
  /** The text of its file; null: not compared. */
  readonly source: ByteString | null;
}

/** Retries a plan that fails, since files may change while they are read. */
export async function retryWhileFilesChange<T>(make: () => T): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return make();
    } catch (error) {
      if (left === 0 || !(error instanceof CliError)) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/**
 * Makes the plan under the directory's lock and performs it. If a file was changed between planning and
 * writing, makes the plan again. Takes no lock if there is nothing to do and no leftovers of a killed
 * command.
 * @param make makes the plan from the current files; called several times
 * @returns the last plan, with all steps that were performed
 */
export async function carryOut<T extends Plan>(
  survey: Survey,
  make: () => T,
  say: (line: string) => void,
): Promise<T> {
  const first = await retryWhileFilesChange(make);
  if (first.steps.length === 0 && findLeftovers(survey).length === 0) return first;
  return withLock(survey.root.at(survey.confDir), say, async () => {
    removeLeftovers(survey);
    const done: Step[] = [];
    const folders = survey.binDirs.map(linkFolderOf);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const plan = await retryWhileFilesChange(make);
      try {
        for (const step of plan.steps) {
          const isUnlinking = (one: Step) => one.kind === "remove" && folders.includes(dirname(one.path));
          if (isUnlinking(step) && !done.some(isUnlinking)) await letCallsEnd(survey, step);
          perform(survey.root, step);
          done.push(step);
        }
        return {
          ...plan,
          steps: done.filter((step, at) => !done.slice(0, at).some((other) => isSameChange(other, step))),
        };
      } catch (error) {
        if (!(error instanceof Changed)) throw error;
      }
    }
    throw new CliError(
      `Cannot edit the files in ${survey.confDir}: they were replaced ${ATTEMPTS} times during the edit\nFind out what keeps rewriting them, and try again.`,
    );
  });
}

/** Whether two steps are of one file, planned twice. */
function isSameChange(one: Step, other: Step): boolean {
  if (one.kind === "systemctl" || other.kind === "systemctl") return isDeepStrictEqual(one, other);
  return one.path === other.path;
}

/** Waits for calls that began with the list of before. @throws {CliError} if they do not end */
async function letCallsEnd(survey: Survey, { path }: Step): Promise<void> {
  const calls = await waitForCalls(survey.root, dirname(path), CALLS_TIMEOUT_MS);
  if (calls.length === 0) return;
  throw new CliError(
    `Cannot remove ${path}: calls that may use it have not ended (pid ${calls.join(", ")})\nThe network's file is changed already. Run the command again when they have ended.`,
  );
}

/** Whether the runtime has loaded the change; null if no runtime can report it. */
export type Loaded = { readonly runtime: Runtime; readonly ok: boolean } | null;

/** Waits up to 5 s until the runtime has loaded the change. */
export async function checkLoaded(survey: Survey, expected: readonly Expected[]): Promise<Loaded> {
  const { runtime } = survey;
  if (!runtime || !survey.runtimeReads) return null;
  const hasLoaded = (now: Runtime) =>
    expected.every((one) => now.cni?.networks?.some((network) => isLoaded(network, one)));
  const { runtime: now, met } = await waitForRuntime(survey.root, runtime, hasLoaded, LOAD_TIMEOUT_MS);
  return { runtime: now, ok: met };
}

function isLoaded(network: LoadedNetwork, { network: name, taps, source }: Expected): boolean {
  if (network.name !== name || !isDeepStrictEqual(network.types.filter(isProgram), taps)) return false;
  return source === null || network.source === decodeUtf8(source);
}

/** A sentence such as "containerd 2.1.9 has loaded it." */
export function sayLoaded(survey: Survey, loaded: Loaded): string {
  if (!loaded) {
    const { runtime } = survey;
    if (!runtime) return "No runtime answers, so it was not checked whether the change is loaded.";
    return `${escapeForTerminal(runtime.name)} ${escapeForTerminal(runtime.version)} does not report whether it has loaded ${survey.confDir}: not checked.`;
  }
  const { name, version, cni } = loaded.runtime;
  const who = `${escapeForTerminal(name)} ${escapeForTerminal(version)}`;
  if (loaded.ok) return `${who} has loaded it.`;
  return `${who} has not loaded it: ${escapeForTerminal(cni?.loadStatus || "it does not say why")}\nSee its journal; cnitap doctor may find the reason.`;
}
