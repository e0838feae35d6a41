import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { ConflistError } from "../../conflist/conflist-error.ts";
import { encodeInstallations, type Installation } from "../../conflist/installations.ts";
import { memberOf, parseJson } from "../../conflist/json.ts";
import type { DropIn } from "../../conflist/locate.ts";
import type { Network } from "../../conflist/network.ts";
import { withoutTaps } from "../../conflist/patch.ts";
import { isListFromSingle } from "../../conflist/single-plugin.ts";
import { isProgram, isTap, modeOf } from "../../conflist/tap-entries.ts";
import { type ByteString, encodeUtf8 } from "../../log/byte-string.ts";
import { CACHE, cachedAttachments } from "../../machine/attachments.ts";
import { backupPath, isBackup } from "../../machine/backup-file.ts";
import { readText } from "../../machine/conf-dir.ts";
import { hashOf, RECORD_PATH } from "../../machine/installation-record.ts";
import { linkFolderOf } from "../../machine/link-folder.ts";
import { keptCopies } from "../../machine/observer-copy.ts";
import type { FileStep, Step } from "../../machine/step.ts";
import type { Survey } from "../../machine/survey.ts";
import type { Expected, Plan } from "../carry-out.ts";
import { CliError } from "../cli-error.ts";
import { removeObserver } from "../observer-steps.ts";
import { isLinkFolderUsed, type Kept, removeLinks, type Unlinking } from "../unlink.ts";

export interface UninstallRequest {
  /** Default: all networks of the directory. */
  readonly network?: string;
  /** Whether to remove the observer, which is the node's, not a network's. */
  readonly observer: boolean;
  readonly purge: boolean;
  readonly force: boolean;
}

export interface UninstallPlan extends Plan {
  readonly networks: readonly UninstalledNetwork[];
  /** Of a folder of links: others' files, or all of it while the runtime uses it. */
  readonly kept: readonly Kept[];
  /** What is left to do by hand, one sentence each. */
  readonly notes: readonly string[];
}

/** A network whose taps are removed. */
export interface UninstalledNetwork {
  readonly network: string;
  readonly file: string;
  /** Whether the file gets its bytes from before the installation; null if unknown. */
  readonly original: boolean | null;
}

/**
 * The steps of an uninstallation. The record comes first, so that no program that follows it installs the
 * taps again.
 * @throws {CliError} if a list would be empty, or if --purge is refused
 */
export function planUninstall(survey: Survey, request: UninstallRequest): UninstallPlan {
  const matches = (name: string) => request.network === undefined || request.network === name;
  const lists = survey.location.candidates
    .flatMap(({ network }) => network ?? [])
    .filter((network) => network.kind === "list" && modeOf(network) !== "none" && matches(network.name));
  const dropIns = survey.conf.dropIns.filter((dropIn) => matches(dropIn.network) && isTap(typeOf(dropIn)));
  const record = survey.record.filter((one) => one.confDir !== survey.confDir || !matches(one.network));
  const undone = withoutEmpty(lists, request).map((network) => undo(survey, network));
  const files: FileStep[] = [
    ...undone.map(({ step }) => step),
    ...dropIns.map((dropIn) => removeDropIn(survey, dropIn)),
  ];
  const own = undone.map(({ file }) => basename(backupPath(survey.confDir, file)));
  const backups = survey.conf.names
    .filter((name) => (request.network === undefined ? isBackup(name) : own.includes(name)))
    .map((name): Step => ({ kind: "remove", path: join(survey.confDir, name) }));
  const links = planUnlinking(
    survey,
    request,
    isLinkFolderUsed(survey, record, (name) => !matches(name)),
  );
  const observer = request.observer
    ? removeObserver(survey, request.purge)
    : { steps: [], kept: [], notes: [] };
  return {
    networks: [
      ...undone.map(({ network, file, original }) => ({ network, file, original })),
      ...dropIns.map(({ network, file }) => ({ network, file: join(network, file), original: true })),
    ],
    steps: [
      ...recordStep(survey, record),
      ...files,
      ...backups,
      ...links.flatMap(({ steps }) => steps),
      ...observer.steps,
      ...(request.purge ? purgeSteps(survey, request) : []),
    ],
    expected: [
      ...undone.map(({ expected }) => expected),
      ...dropIns.map(({ network }) => ({ network, taps: [], source: null })),
    ],
    kept: [...links.flatMap(({ kept }) => kept), ...observer.kept],
    notes: observer.notes,
  };
}

/** Removes the folders of links, unless they are still used: by a list, or by the runtime itself. */
function planUnlinking(survey: Survey, { force }: UninstallRequest, used: boolean): Unlinking[] {
  if (used) return [];
  return survey.binDirs.map((binDir): Unlinking => {
    const path = linkFolderOf(binDir);
    if (force || !isSearched(survey, path)) return removeLinks(survey, binDir);
    const who = survey.runtime?.name ?? "the runtime";
    const why = `${who} looks for plugins in it. Take it out of its configuration, restart it, and uninstall again`;
    return { steps: [], kept: [{ path, why }] };
  });
}

/** Whether the runtime looks for plugins in a folder of links. */
function isSearched({ root, searchedDirs }: Survey, folder: string): boolean {
  return searchedDirs.includes(folder) && existsSync(root.at(folder));
}

function undo(
  survey: Survey,
  network: Network,
): UninstalledNetwork & { readonly step: FileStep; readonly expected: Expected } {
  const path = join(survey.confDir, network.file);
  const installation = survey.record.find(
    (one) => one.confDir === survey.confDir && one.network === network.name,
  );
  const made = isMade(survey, network);
  const after = made ? null : bareText(network);
  const backup = made ? null : readText(survey.root.at(backupPath(survey.confDir, network.file)));
  const original = made
    ? true
    : installation
      ? installation.original === (after === null ? "" : hashOf(after))
      : backup === null
        ? null
        : backup === after;
  return {
    network: network.name,
    file: network.file,
    original,
    step: { kind: "config", path, before: network.text, after },
    expected: { network: network.name, taps: [], source: after },
  };
}

/** `withoutTaps`, with the file name in errors. */
function bareText(network: Network): ByteString {
  try {
    return withoutTaps(network);
  } catch (error) {
    if (!(error instanceof ConflistError)) throw error;
    throw new CliError(
      `Cannot edit ${network.file}: ${error.message}\nPut the type of its plugin into "cniTap", or take the entry out.`,
    );
  }
}

/** Whether a list was made from a single plugin, whose file must exist. The file name alone is no proof. */
function isMade(survey: Survey, { file, name }: Network): boolean {
  if (!isListFromSingle(file)) return false;
  return survey.location.candidates.some(
    ({ network }) => network?.kind === "single" && network.name === name,
  );
}

/**
 * The lists that have other plugins than taps.
 * @throws {CliError} if a list of only taps was requested by name, or if there are no other lists
 */
function withoutEmpty(lists: readonly Network[], { network }: UninstallRequest): readonly Network[] {
  const full = lists.filter(({ plugins }) => plugins.some(({ type }) => !isTap(type)));
  const [empty] = lists.filter((list) => !full.includes(list));
  if (!empty || (full.length > 0 && network === undefined)) return full;
  throw new CliError(
    `Cannot take the taps out of ${empty.file}: no plugin would be left, and runtimes refuse an empty list\nRemove the file yourself if pods need no network of that name.`,
  );
}

function removeDropIn(survey: Survey, { network, file, text }: DropIn): FileStep {
  return { kind: "drop-in", path: join(survey.confDir, network, file), before: text, after: null };
}

function typeOf({ text }: DropIn): string {
  try {
    const root = parseJson(text ?? "");
    const type = root.kind === "object" ? memberOf(root, "type") : undefined;
    return type?.kind === "scalar" ? String(type.value) : "";
  } catch {
    return ""; // not a tap's file
  }
}

function recordStep(survey: Survey, record: readonly Installation[]): Step[] {
  if (record.length === survey.record.length) return [];
  if (record.length === 0) return [{ kind: "remove", path: RECORD_PATH }];
  return [{ kind: "private", path: RECORD_PATH, text: encodeUtf8(encodeInstallations(record)) }];
}

/** Removes the executables unless still used: CRI-O deletes a pod with the list that it was made with. */
function purgeSteps(survey: Survey, { force, network }: UninstallRequest): Step[] {
  if (network !== undefined) {
    const others = survey.location.candidates.filter(
      (one) => one.network && one.network.name !== network && modeOf(one.network) !== "none",
    );
    if (others.length > 0 && !force)
      throw new CliError(
        `Cannot remove the taps' executables: ${others[0]?.file} still has taps\nUninstall without --network.`,
      );
  }
  const searched = survey.binDirs.map(linkFolderOf).find((folder) => isSearched(survey, folder));
  if (searched !== undefined && !force) {
    throw new CliError(
      `Cannot remove the executables: ${survey.runtime?.name ?? "the runtime"} looks for plugins in ${searched}, whose links need cni_wrap\nTake that directory out of its configuration, restart it, and try again.`,
    );
  }
  if (!force) refuseCached(survey);
  const executables = survey.binDirs
    .flatMap((folder) => ["cni_pre", "cni_post", "cni_wrap"].map((name) => join(folder, name)))
    .filter((path) => existsSync(survey.root.at(path)));
  return [...executables, ...keptCopies(survey.root)].map((path): Step => ({ kind: "remove", path }));
}

/** Throws if a running pod was, or may have been, made with the taps. */
function refuseCached({ root }: Survey): void {
  const attachments = cachedAttachments(root);
  const users = attachments.filter(({ types }) => types?.some(isProgram));
  const unknown = attachments.filter(({ types }) => types === null);
  if (users.length > 0) {
    const first = users[0]?.file ?? "";
    const made =
      users.length === 1
        ? `1 pod was made with them in its list (${first} in libcni's cache)`
        : `${users.length} pods were made with them in their lists (the first: ${first} in libcni's cache)`;
    throw new CliError(
      `Cannot remove the taps' executables: ${made}, and CRI-O could not end such a pod\nEnd those pods first. With containerd, which ends pods by the list of today, use --force.`,
    );
  }
  if (unknown.length > 0) {
    throw new CliError(
      `Cannot remove the taps' executables: ${unknown.length} ${unknown.length === 1 ? "file" : "files"} of libcni's cache cannot be read (${join(CACHE, unknown[0]?.file ?? "")}), so whether pods were made with them is not known\nEnd those pods first, or remove the files (cnitap doctor says what that means), or use --force.`,
    );
  }
}
