import { lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConflistError } from "../../conflist/conflist-error.ts";
import { hazardOf } from "../../conflist/hazards.ts";
import {
  encodeInstallations,
  type Installation,
  type InstallMode,
  withInstallation,
} from "../../conflist/installations.ts";
import { type Network, readNetwork } from "../../conflist/network.ts";
import { patch, withoutTaps } from "../../conflist/patch.ts";
import { listFileName, listFromSingle } from "../../conflist/single-plugin.ts";
import {
  type DesiredTaps,
  declaredCapabilities,
  NO_TAPS,
  type StanzaEntry,
  type TapType,
} from "../../conflist/tap-entries.ts";
import { type ByteString, encodeUtf8 } from "../../log/byte-string.ts";
import { backupPath } from "../../machine/backup-file.ts";
import type { Taps } from "../../machine/carried-taps.ts";
import { readText } from "../../machine/conf-dir.ts";
import { hashOf, RECORD_PATH } from "../../machine/installation-record.ts";
import type { FileStep, Step } from "../../machine/step.ts";
import type { Survey } from "../../machine/survey.ts";
import type { Plan } from "../carry-out.ts";
import { CliError } from "../cli-error.ts";
import { type SelectedNetwork, selectNetwork } from "../select-network.ts";
import { logFileOf } from "../stanza-options.ts";

/** Network names (SPEC 1.1.0, section 1). They become file names here. */
const LEGAL_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The name of the file in a network's drop-in directory. It sorts after the others. */
export const DROP_IN = "99-cni_post.conf";

export interface InstallRequest {
  readonly network?: string;
  readonly mode: InstallMode;
  readonly stanza: StanzaEntry;
  readonly capabilities: boolean;
  readonly force: boolean;
  readonly taps: Taps;
}

export interface InstallPlan extends Plan {
  readonly installation: Installation;
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
  const installation: Installation = {
    confDir: survey.confDir,
    network: network.name,
    file: request.mode === "drop-in" ? dropInFile : base.file,
    mode: request.mode,
    binDir: binDirOf(survey),
    pre: desired.pre,
    post: desired.post,
    ...(source ? { source: source.file } : {}),
    original: hashOf(original),
  };
  const editsOwnFile = !source && files.some((step) => step.kind === "config");
  return {
    installation,
    steps: [
      ...binarySteps(survey, desired, request.taps),
      ...logStep(survey, desired),
      ...(editsOwnFile ? privateStep(survey, backupPath(survey.confDir, network.file), original) : []),
      ...privateStep(
        survey,
        RECORD_PATH,
        encodeUtf8(encodeInstallations(withInstallation(survey.record, installation, installation))),
      ),
      ...files,
    ],
    expected: [
      { network: network.name, taps: tapsOf(desired), source: request.mode === "drop-in" ? null : list },
    ],
  };
}

/** Throws if the installation cannot work, or without --force, if it should not be made. */
function refuse(survey: Survey, { network, source }: SelectedNetwork, { mode, force }: InstallRequest): void {
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
  if (force) return;
  if (mode === "drop-in") refuseDropIn(survey, subject);
  const hazard = mode === "both" ? hazardOf(source ?? network) : null;
  if (hazard) {
    throw new CliError(
      `Cannot put cni_pre first into ${subject}: ${hazard.reason}\nUse --mode post: cni_post alone, last in the chain.`,
    );
  }
  const attached = survey.runtimeReads ? (survey.runtime?.cni?.maxConfNum ?? 1) : 1;
  if (source && attached !== 1) {
    throw new CliError(
      `Cannot make a list from ${source.file}: pods are attached to more than one file (max_conf_num is ${attached})\nThe list would be one more network. Put the taps into the file by hand, as a list of its own.`,
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
  const capabilities = request.capabilities ? declaredCapabilities(network) : {};
  const extra = Object.keys(capabilities).length > 0 ? { capabilities } : {};
  const stanza = { ...request.stanza, ...extra };
  return { pre: request.mode === "both" ? stanza : null, post: stanza };
}

function tapsOf(desired: DesiredTaps): TapType[] {
  return [...(desired.pre ? (["cni_pre"] as const) : []), ...(desired.post ? (["cni_post"] as const) : [])];
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
  return tapsOf(desired).flatMap((type) => {
    const path = join(binDirOf(survey), type);
    return isInstalled(survey.root.at(path), taps[type])
      ? []
      : [{ kind: "binary", path, content: taps[type] }];
  });
}

function isInstalled(path: string, content: Uint8Array): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && (stat.mode & 0o111) === 0o111 && readFileSync(path).equals(content);
}

function logStep(survey: Survey, desired: DesiredTaps): Step[] {
  const path = logFileOf(desired.post ?? {});
  const existing = lstatSync(survey.root.entry(path), { throwIfNoEntry: false });
  return existing ? [] : [{ kind: "log", path }];
}

function privateStep(survey: Survey, path: string, text: ByteString): Step[] {
  return readText(survey.root.at(path)) === text ? [] : [{ kind: "private", path, text }];
}

function textOf(survey: Survey, file: string): ByteString | null {
  return readText(survey.root.at(join(survey.confDir, file)));
}
