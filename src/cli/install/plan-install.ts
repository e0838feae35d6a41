import { lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConflistError } from "../../conflist/conflist-error.ts";
import { hazardOf, soughtPlugins } from "../../conflist/hazards.ts";
import {
  encodeInstallations,
  type Installation,
  type InstallMode,
  recordedKeys,
  withInstallation,
} from "../../conflist/installations.ts";
import { type Network, readNetwork } from "../../conflist/network.ts";
import { patch, withoutTaps } from "../../conflist/patch.ts";
import { listFileName, listFromSingle } from "../../conflist/single-plugin.ts";
import {
  type DesiredTaps,
  declaredCapabilities,
  isProgram,
  isTap,
  NO_TAPS,
  type ProgramType,
  type StanzaEntry,
} from "../../conflist/tap-entries.ts";
import { typeOf, WRAPPER } from "../../conflist/wrapped-plugin.ts";
import { type ByteString, encodeUtf8 } from "../../log/byte-string.ts";
import { backupPath } from "../../machine/backup-file.ts";
import { OBSERVER, type Taps } from "../../machine/carried-taps.ts";
import { readText } from "../../machine/conf-dir.ts";
import { hashOf, RECORD_PATH } from "../../machine/installation-record.ts";
import type { FileStep, Step } from "../../machine/step.ts";
import type { Survey } from "../../machine/survey.ts";
import type { Plan } from "../carry-out.ts";
import { CliError } from "../cli-error.ts";
import { type ObserveMode, planObserver } from "../observer-steps.ts";
import { type SelectedNetwork, selectNetwork } from "../select-network.ts";
import { logFileOf } from "../stanza-options.ts";
import { type Delegates, planLinks } from "./plan-links.ts";

/** Network names (SPEC 1.1.0, section 1). They become file names here. */
const LEGAL_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The name of the file in a network's drop-in directory. It sorts after the others. */
export const DROP_IN = "99-cni_post.conf";

export interface InstallRequest {
  readonly network?: string;
  readonly mode: InstallMode;
  readonly stanza: StanzaEntry;
  readonly capabilities: boolean;
  /** Of mode `wrap`: the plugins to wrap, by type; null for all. */
  readonly only: readonly string[] | null;
  /** Of mode `wrap`. */
  readonly delegates: Delegates;
  /** Null: the observer stays as it is. */
  readonly observe: ObserveMode | null;
  readonly force: boolean;
  readonly taps: Taps;
}

export interface InstallPlan extends Plan {
  readonly installation: Installation;
  /** What the installation may disturb, one sentence each. */
  readonly warnings: readonly string[];
  /** What is left to do by hand, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * The steps of an installation; none if the node is as requested.
 * @throws {CliError} if it is not possible, or is refused without --force
 */
export function planInstall(survey: Survey, request: InstallRequest): InstallPlan {
  const chosen = selectNetwork(survey, request.network);
  refuse(survey, chosen, request);
  const { network, source } = chosen;
  const desired = desiredTapsOf(source ?? network, request);
  const base = source ? listOf(survey, network, source) : network;
  const inline = request.mode === "drop-in" ? NO_TAPS : desired;
  const list = patchOf(base, inline);
  const dropIn =
    request.mode === "drop-in"
      ? encodeUtf8(`${JSON.stringify({ type: "cni_post", ...desired.post }, null, 2)}\n`)
      : null;

  const files: FileStep[] = [];
  const current = source && base.file !== network.file ? textOf(survey, base.file) : network.text;
  if (list !== current) {
    const from = source && { path: join(survey.confDir, source.file), text: source.text };
    const path = join(survey.confDir, base.file);
    files.push({ kind: "config", path, before: current, after: list, ...(from ? { source: from } : {}) });
  }
  const dropInFile = join(network.name, DROP_IN);
  const dropInNow =
    survey.conf.dropIns.find((one) => one.network === network.name && one.file === DROP_IN)?.text ?? null;
  if (dropIn !== dropInNow) {
    const path = join(survey.confDir, dropInFile);
    const step: FileStep = { kind: "drop-in", path, before: dropInNow, after: dropIn };
    if (dropIn === null) files.push(step);
    else files.unshift(step);
  }
  const original = source ? source.text : withoutTaps(network);
  const { only } = request;
  const installation: Installation = {
    confDir: survey.confDir,
    network: network.name,
    file: request.mode === "drop-in" ? dropInFile : base.file,
    mode: request.mode,
    binDir: binDirOf(survey),
    pre: desired.pre,
    post: desired.post,
    ...(desired.wrap ? { wrap: desired.wrap.keys, ...(only ? { only } : {}) } : {}),
    ...(source ? { source: source.file } : {}),
    original: hashOf(original),
  };
  const links = planLinks(survey, installation, base, request.delegates);
  const record = privateStep(
    survey,
    RECORD_PATH,
    encodeUtf8(encodeInstallations(withInstallation(survey.record, installation, installation))),
  );
  const observer = request.observe
    ? planObserver(survey, request.observe, request.taps(OBSERVER), record.length > 0)
    : { before: [], after: [], notes: [] };
  const editsOwnFile = !source && files.some((step) => step.kind === "config");
  return {
    installation,
    steps: [
      ...binarySteps(survey, desired, request.taps),
      ...observer.before,
      ...links.before,
      ...logStep(survey, installation),
      ...(editsOwnFile ? privateStep(survey, backupPath(survey.confDir, network.file), original) : []),
      ...record,
      ...files,
      ...links.after,
      ...observer.after,
    ],
    expected: [
      {
        network: network.name,
        taps: [...programsIn(readNetwork(base.file, list)), ...(dropIn === null ? [] : ["cni_post"])],
        source: request.mode === "drop-in" ? null : list,
      },
    ],
    warnings: request.mode === "wrap" ? warningsOf(source ?? network, only) : [],
    notes: observer.notes,
  };
}

/** The taps and wrappers of a network, in order. */
function programsIn({ plugins }: Network): string[] {
  return plugins.map(({ type }) => type).filter(isProgram);
}

function warningsOf(network: Network, only: readonly string[] | null): string[] {
  return soughtPlugins(network)
    .filter(({ plugin }) => only === null || only.includes(plugin))
    .map(
      ({ plugin, reason }) => `${plugin} is wrapped: ${reason}. Use --only for each of the other plugins.`,
    );
}

/** Throws if the installation cannot work, or without --force, if it should not be made. */
function refuse(survey: Survey, chosen: SelectedNetwork, request: InstallRequest): void {
  const { network, source } = chosen;
  const { mode, force } = request;
  const subject = `the network ${network.name} of ${network.file}`;
  if (!LEGAL_NAME.test(network.name)) {
    throw new CliError(
      `Cannot edit ${subject}: the name is not valid in CNI (only letters, digits, ".", "_" and "-")\nNo pod can start in this network; correct the name first.`,
    );
  }
  if (linkAt(survey, network.file)) {
    throw new CliError(
      `Cannot edit ${subject}: the file is a symbolic link\nSpecify the directory it points to with --conf-dir.`,
    );
  }
  if (mode === "drop-in" && (source || network.inlineOnly)) {
    const why = source
      ? "a single plugin, and only lists have drop-ins"
      : "closed to drop-ins (loadOnlyInlinedPlugins)";
    throw new CliError(`Cannot make a drop-in for ${subject}: it is ${why}\nUse --mode post.`);
  }
  if (mode === "wrap") refuseWrap(source ?? network, subject, request.only);
  if (force) return;
  if (mode === "drop-in") refuseDropIn(survey, subject);
  const hazard = mode === "both" ? hazardOf(source ?? network) : null;
  if (hazard) {
    throw new CliError(
      `Cannot put cni_pre first into ${subject}: ${hazard.reason}\nUse --mode post: cni_post alone, last in the chain. Or --mode wrap: cni_wrap in place of each plugin.`,
    );
  }
  const attached = survey.runtimeReads ? (survey.runtime?.cni?.maxConfNum ?? 1) : 1;
  if (source && attached !== 1) {
    throw new CliError(
      `Cannot make a list from ${source.file}: pods are attached to more than one file (max_conf_num is ${attached})\nThe list would be one more network. Put the taps into the file by hand, as a list of its own.`,
    );
  }
}

function refuseWrap({ plugins }: Network, subject: string, only: readonly string[] | null): void {
  const types = plugins.flatMap((plugin) => typeOf(plugin) ?? []).filter((type) => !isTap(type));
  if (types.length === 0) {
    throw new CliError(
      `Cannot wrap the plugins of ${subject}: it has none but taps\nInstall its network plugin, or specify another network with --network.`,
    );
  }
  const unknown = only?.find((type) => !types.includes(type));
  if (unknown !== undefined) {
    throw new CliError(
      `Cannot wrap ${unknown}: ${subject} has no such plugin\nUse --only with one of ${[...new Set(types)].join(", ")}.`,
    );
  }
}

function refuseDropIn({ runtime }: Survey, subject: string): void {
  const [major = 0, minor = 0] =
    /^v?(\d+)\.(\d+)/
      .exec(runtime?.version ?? "")
      ?.slice(1)
      .map(Number) ?? [];
  if (runtime?.name === "containerd" && (major > 2 || (major === 2 && minor >= 1))) return;
  const seen = runtime
    ? `this is ${runtime.name} ${runtime.version}`
    : "no runtime answers, so its version is not known";
  throw new CliError(
    `Cannot make a drop-in for ${subject}: that needs containerd 2.1 or newer (libcni 1.3), and ${seen}\nUse --mode post, or --force if you know better.`,
  );
}

function linkAt(survey: Survey, file: string): boolean {
  const path = survey.root.entry(join(survey.confDir, file));
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** `patch`, with the file name in errors. */
function patchOf(network: Network, desired: DesiredTaps): ByteString {
  try {
    return patch(network, desired);
  } catch (error) {
    if (!(error instanceof ConflistError)) throw error;
    throw new CliError(`Cannot edit ${network.file}: ${error.message}`);
  }
}

function desiredTapsOf(network: Network, request: InstallRequest): DesiredTaps {
  if (request.mode === "wrap") {
    const delegates = request.delegates === "none" ? {} : { delegates: true };
    return { ...NO_TAPS, wrap: { keys: { ...request.stanza, ...delegates }, only: request.only } };
  }
  const capabilities = request.capabilities ? declaredCapabilities(network) : {};
  const extra = Object.keys(capabilities).length > 0 ? { capabilities } : {};
  const stanza = { ...request.stanza, ...extra };
  return { pre: request.mode === "both" ? stanza : null, post: stanza, wrap: null };
}

function programsOf({ pre, post, wrap }: DesiredTaps): ProgramType[] {
  return [
    ...(pre ? (["cni_pre"] as const) : []),
    ...(post ? (["cni_post"] as const) : []),
    ...(wrap ? ([WRAPPER] as const) : []),
  ];
}

/** The list made from a single plugin, without taps. Keeps the file name of an earlier list. */
function listOf(survey: Survey, network: Network, source: Network): Network {
  try {
    const names = survey.conf.files.map(({ file }) => file);
    return readNetwork(
      network.kind === "list" ? network.file : listFileName(source, names),
      listFromSingle(source),
    );
  } catch (error) {
    if (!(error instanceof ConflistError)) throw error;
    throw new CliError(`Cannot make a list from ${source.file}: ${error.message}`);
  }
}

function binDirOf(survey: Survey): string {
  const [binDir] = survey.binDirs;
  if (binDir === undefined)
    throw new CliError("Cannot install the taps: the runtime reports no plugin directory");
  return binDir;
}

function binarySteps(survey: Survey, desired: DesiredTaps, taps: Taps): Step[] {
  return programsOf(desired).flatMap((type) => {
    const path = join(binDirOf(survey), type);
    const content = taps(type);
    return isInstalled(survey.root.at(path), content) ? [] : [{ kind: "binary", path, content }];
  });
}

function isInstalled(path: string, content: Uint8Array): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && (stat.mode & 0o111) === 0o111 && readFileSync(path).equals(content);
}

function logStep(survey: Survey, installation: Installation): Step[] {
  const path = logFileOf(recordedKeys(installation) ?? {});
  const existing = lstatSync(survey.root.entry(path), { throwIfNoEntry: false });
  return existing ? [] : [{ kind: "log", path }];
}

function privateStep(survey: Survey, path: string, text: ByteString): Step[] {
  return readText(survey.root.at(path)) === text ? [] : [{ kind: "private", path, text }];
}

function textOf(survey: Survey, file: string): ByteString | null {
  return readText(survey.root.at(join(survey.confDir, file)));
}
