import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { firstRecordedKeys } from "../conflist/installations.ts";
import { loadUnit, OBSERVER, type Taps, UNIT, versionOf } from "../machine/carried-taps.ts";
import { findNriFolder } from "../machine/nri-folder.ts";
import { type Kind, OBSERVER_PATH, readObserverFiles, UNIT_PATH } from "../machine/observer-files.ts";
import {
  executableOf,
  findObservers,
  isOutdated,
  type ObserverProcess,
} from "../machine/observer-processes.ts";
import type { Root } from "../machine/root.ts";
import type { Survey } from "../machine/survey.ts";
import { readService } from "../machine/systemd.ts";
import { logFileOf } from "./stanza-options.ts";

/** `same`: as this cnitap would install it. `foreign`: not cnitap's. */
type FileState = "same" | "other" | "foreign" | "missing";

/** The observer on a node. Paths are the host's. */
export interface ObserverStatus {
  readonly executable: { readonly path: string; readonly version: string | null; readonly state: FileState };
  readonly unit: {
    readonly path: string;
    readonly state: FileState;
    /** Whether systemd starts it with the machine. */
    readonly enabled: boolean;
    /** "active", "failed" and so on; null where systemd cannot be asked. */
    readonly active: string | null;
  };
  /** Links in the runtime's directory of NRI plugins: to the observer, to cnitap, or to one of them that is gone. */
  readonly links: readonly { readonly path: string; readonly leadsTo: "observer" | "cnitap" | "nothing" }[];
  /** Null where processes cannot be seen. */
  readonly processes: readonly RunningObserver[] | null;
}

export interface RunningObserver {
  readonly pid: number;
  readonly path: string;
  /** `same`: of this cnitap's build. */
  readonly state: "same" | "other";
  /** Where it logs; null: as the runtime's file for it says. */
  readonly log: string | null;
  /** Whether the last installation came after its start, so that it may not log as the taps do. */
  readonly outdated: boolean;
}

/** Looks for an observer; null if there is no sign of one. */
export function gatherObserver(survey: Survey, taps: Taps): ObserverStatus | null {
  const { root, runtime } = survey;
  const { executable, unit, wants } = readObserverFiles(root, runtime);
  const links = linksIn(root, findNriFolder(root, runtime));
  const processes = findObservers(root)?.map((one) => describe(survey, one, taps(OBSERVER))) ?? null;
  const files = [executable, unit].filter(({ kind }) => kind !== "missing");
  if (files.length + links.length + (processes?.length ?? 0) === 0) return null;
  const { content } = executable;
  return {
    executable: {
      path: OBSERVER_PATH,
      version: content && versionOf(content),
      state: stateOf(executable.kind, content !== null && Buffer.compare(content, taps(OBSERVER)) === 0),
    },
    unit: {
      path: UNIT_PATH,
      state: stateOf(unit.kind, unit.text === loadUnit()),
      enabled: wants.kind === "own",
      active: unit.kind === "missing" ? null : (readService(root, UNIT)?.active ?? null),
    },
    links,
    processes,
  };
}

function stateOf(kind: Kind, isSame: boolean): FileState {
  if (kind !== "own") return kind;
  return isSame ? "same" : "other";
}

function linksIn(root: Root, folder: string): ObserverStatus["links"] {
  return namesIn(root.at(folder)).flatMap((name) => {
    const path = join(folder, name);
    const target = targetOf(root.entry(path));
    if (target === null) return [];
    const leadsTo = basename(target);
    if (leadsTo !== OBSERVER && leadsTo !== "cnitap") return [];
    const exists = statSync(root.at(path), { throwIfNoEntry: false }) !== undefined;
    return [{ path, leadsTo: !exists ? "nothing" : leadsTo === OBSERVER ? "observer" : "cnitap" } as const];
  });
}

function describe({ root, record }: Survey, one: ObserverProcess, own: Uint8Array): RunningObserver {
  const content = executableOf(root, one.pid);
  const given = givenLog(one.args);
  return {
    pid: one.pid,
    path: one.path,
    state: content !== null && Buffer.compare(content, own) === 0 ? "same" : "other",
    log: given ?? (isConfigured(root, one.pid) ? null : logFileOf(firstRecordedKeys(record))),
    outdated: isOutdated(root, one),
  };
}

/** The log of an observer's options; null if they have none. */
function givenLog(args: readonly string[]): string | null {
  const words = args.slice(1).map((word) => word.replace(/^--?(?=[a-z])/, "--"));
  const last = (flag: string, fits: (value: string) => boolean) =>
    words
      .flatMap((word, at) =>
        word === flag
          ? [words[at + 1] ?? ""]
          : word.startsWith(`${flag}=`)
            ? [word.slice(flag.length + 1)]
            : [],
      )
      .findLast(fits);
  const set = last("--set", (value) => value.startsWith("logFile="));
  return set?.slice("logFile=".length) ?? last("--log-file", () => true) ?? null;
}

/** Whether a runtime has launched it and has a file of settings for it (nri, pkg/adaptation). */
function isConfigured(root: Root, pid: number): boolean {
  try {
    const variables = readFileSync(join(root.at("/proc"), String(pid), "environ"), "utf8").split("\0");
    const value = (name: string) =>
      variables.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    const name = value("NRI_PLUGIN_NAME");
    if (!value("NRI_PLUGIN_SOCKET") || !name) return false;
    return [`${value("NRI_PLUGIN_IDX")}-${name}`, name].some((file) =>
      existsSync(root.at(join("/etc/nri/conf.d", `${basename(file)}.conf`))),
    );
  } catch {
    return false; // it has ended
  }
}

function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // no link
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // not there
  }
}
