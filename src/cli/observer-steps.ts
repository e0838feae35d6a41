import { statSync } from "node:fs";
import { loadUnit, UNIT } from "../machine/carried-taps.ts";
import {
  OBSERVER_PATH,
  type ObserverFiles,
  readObserverFiles,
  UNIT_PATH,
  WANTS_PATH,
} from "../machine/observer-files.ts";
import { findObservers, isOutdated } from "../machine/observer-processes.ts";
import type { Step } from "../machine/step.ts";
import type { Survey } from "../machine/survey.ts";
import { readService } from "../machine/systemd.ts";
import { CliError } from "./cli-error.ts";
import type { Kept } from "./unlink.ts";

/** Who starts the observer: systemd, or the runtime as its NRI plugin. */
export type ObserveMode = "service" | "nri";

/** The steps that install the observer. */
interface ObserverSteps {
  /** To be made first: what fails here leaves the node as it was. */
  readonly before: readonly Step[];
  readonly after: readonly Step[];
  /** What is left to do by hand, a sentence each. */
  readonly notes: readonly string[];
}

/** Where systemctl cannot be run: systemd does not run here, or the files are another root's. */
const BY_HAND = {
  start: `Start the observer on the node: systemctl daemon-reload && systemctl restart ${UNIT}`,
  stop: `Stop the observer on the node: systemctl stop ${UNIT}; systemctl daemon-reload`,
};

/**
 * Plans the installation of the observer; no steps if it is as requested and runs.
 * @param keysChange whether the taps will log in another way than a running observer has read at its start
 * @throws {CliError} if something else is at one of its paths
 */
export function planObserver(
  survey: Survey,
  mode: ObserveMode,
  executable: Uint8Array,
  keysChange: boolean,
): ObserverSteps {
  const files = readObserverFiles(survey.root, survey.runtime);
  refuseForeign(files, mode);
  const isSame =
    files.executable.content !== null && Buffer.compare(executable, files.executable.content) === 0;
  const before: Step[] = isSame ? [] : [{ kind: "binary", path: OBSERVER_PATH, content: executable }];
  if (mode === "service") return { before, ...planService(survey, files, keysChange || !isSame) };
  if (files.link.kind === "own") return { before, after: [], notes: [] };
  const service = removeService(survey, files);
  return {
    before,
    after: [
      ...service.stop,
      ...service.files,
      { kind: "link", path: files.link.path, target: OBSERVER_PATH },
    ],
    notes: [
      ...service.notes,
      `${survey.runtime?.name ?? "The runtime"} starts the observer when it is started next. Its pods go on meanwhile.`,
    ],
  };
}

/** @throws {CliError} if something else is where a file is to be */
function refuseForeign({ executable, unit, wants, link }: ObserverFiles, mode: ObserveMode): void {
  const needed = mode === "nri" ? [executable, link] : [executable, unit, wants];
  const foreign = needed.find(({ kind }) => kind === "foreign");
  if (!foreign) return;
  throw new CliError(
    `Cannot install the observer: ${foreign.path} is there, and is not cnitap's\nMove it away, and try again. Nothing was changed.`,
  );
}

function planService(
  survey: Survey,
  files: ObserverFiles,
  changes: boolean,
): Pick<ObserverSteps, "after" | "notes"> {
  const text = loadUnit();
  const steps: Step[] = [
    ...unlink(files),
    ...(files.unit.text === text ? [] : [{ kind: "settings", path: UNIT_PATH, text } as const]),
    ...(files.wants.kind === "own" ? [] : [{ kind: "link", path: WANTS_PATH, target: UNIT_PATH } as const]),
  ];
  const service = readService(survey.root, UNIT);
  if (!service) return { after: steps, notes: changes || steps.length > 0 ? [BY_HAND.start] : [] };
  const isUpToDate = service.active === "active" && !service.changed && isCurrent(survey, service.pid);
  const restarts = changes || steps.length > 0 || !isUpToDate;
  return {
    after: restarts ? [...steps, systemctl("daemon-reload"), systemctl("restart", UNIT)] : steps,
    notes: [],
  };
}

/** Plans the removal of what cnitap has put on the node for the observer. */
export function removeObserver(
  survey: Survey,
  purge: boolean,
): { readonly steps: readonly Step[]; readonly kept: readonly Kept[]; readonly notes: readonly string[] } {
  const files = readObserverFiles(survey.root, survey.runtime);
  const { executable, unit, link } = files;
  const service = removeService(survey, files);
  const isInstalled = unit.kind === "own" || link.kind === "own";
  const isOwn = executable.kind === "own" && (isInstalled || purge);
  const why = unit.kind === "foreign" ? `${UNIT_PATH} may start it, and is not cnitap's` : null;
  return {
    steps: [
      ...service.stop,
      ...unlink(files), // no runtime is to find a link that leads nowhere
      ...(isOwn && why === null ? [{ kind: "remove", path: OBSERVER_PATH } as const] : []),
      ...service.files, // last: so a second run sees that a killed one has not finished
    ],
    kept: isOwn && why !== null ? [{ path: OBSERVER_PATH, why }] : [],
    notes: service.notes,
  };
}

/** The steps that stop the service and remove its files. */
function removeService(
  { root }: Survey,
  { unit, wants }: ObserverFiles,
): { readonly stop: readonly Step[]; readonly files: readonly Step[]; readonly notes: readonly string[] } {
  if (unit.kind === "foreign") return { stop: [], files: [], notes: [] };
  const files = [wants, unit]
    .filter(({ kind }) => kind === "own")
    .map(({ path }): Step => ({ kind: "remove", path }));
  if (files.length === 0) return { stop: [], files, notes: [] };
  if (!readService(root, UNIT)) return { stop: [], files, notes: [BY_HAND.stop] };
  return { stop: [systemctl("stop", UNIT)], files: [...files, systemctl("daemon-reload")], notes: [] };
}

function unlink({ link }: ObserverFiles): Step[] {
  return link.kind === "own" ? [{ kind: "remove", path: link.path }] : [];
}

function systemctl(...args: string[]): Step {
  return { kind: "systemctl", path: UNIT_PATH, args };
}

/** Whether a process runs the file that is installed, not one that was replaced, and logs as the taps do. */
function isCurrent({ root }: Survey, pid: number): boolean {
  const observer = findObservers(root)?.find((one) => one.pid === pid);
  if (!observer || isOutdated(root, observer)) return false;
  const [installed, running] = [OBSERVER_PATH, `/proc/${pid}/exe`].map((path) =>
    statSync(path, { throwIfNoEntry: false }),
  );
  return installed !== undefined && installed.ino === running?.ino && installed.dev === running?.dev;
}
