import type { Check, CheckSubject, Finding } from "./check.ts";
import { backups } from "./checks/backups.ts";
import { binDir } from "./checks/bin-dir.ts";
import { cacheFiles } from "./checks/cache-files.ts";
import { cached } from "./checks/cached.ts";
import { cilium } from "./checks/cilium.ts";
import { cniVersion } from "./checks/cni-version.ts";
import { daemon } from "./checks/daemon.ts";
import { editLock } from "./checks/edit-lock.ts";
import { executables } from "./checks/executables.ts";
import { firewallTools } from "./checks/firewall-tools.ts";
import { flannel } from "./checks/flannel.ts";
import { ipvlan } from "./checks/ipvlan.ts";
import { kubeconfig } from "./checks/kubeconfig.ts";
import { links } from "./checks/links.ts";
import { loadStatus } from "./checks/load-status.ts";
import { lockFolder } from "./checks/lock-folder.ts";
import { lockHeld } from "./checks/lock-held.ts";
import { logFile } from "./checks/log-file.ts";
import { logLeftovers } from "./checks/log-leftovers.ts";
import { logMount } from "./checks/log-mount.ts";
import { lostTaps } from "./checks/lost-taps.ts";
import { maxConfNum } from "./checks/max-conf-num.ts";
import { multus } from "./checks/multus.ts";
import { noexec } from "./checks/noexec.ts";
import { observer } from "./checks/observer.ts";
import { oneNetwork } from "./checks/one-network.ts";
import { overwritten } from "./checks/overwritten.ts";
import { pluginAnswers } from "./checks/plugin-answers.ts";
import { plugins } from "./checks/plugins.ts";
import { position } from "./checks/position.ts";
import { runtimeFile } from "./checks/runtime-file.ts";
import { selinux } from "./checks/selinux.ts";
import { validFiles } from "./checks/valid-files.ts";
import { whereabouts } from "./checks/whereabouts.ts";
import { wrapped } from "./checks/wrapped.ts";
import { wrapper } from "./checks/wrapper.ts";

/** First what fails every pod at once, then in the order of a diagnosis: files that the runtime reads, their content, the executables, the log. */
const CHECKS: readonly Check[] = [
  lostTaps,
  runtimeFile,
  loadStatus,
  validFiles,
  oneNetwork,
  maxConfNum,
  backups,
  cniVersion,
  position,
  cilium,
  ipvlan,
  wrapped,
  overwritten,
  plugins,
  executables,
  pluginAnswers,
  firewallTools,
  daemon,
  flannel,
  kubeconfig,
  whereabouts,
  multus,
  wrapper,
  links,
  cached,
  cacheFiles,
  noexec,
  binDir,
  logFile,
  logLeftovers,
  logMount,
  lockFolder,
  lockHeld,
  editLock,
  observer,
  selinux,
];

export interface Report {
  readonly check: Check;
  readonly findings: readonly Finding[];
  /** One line, shown if there are no findings. */
  readonly summary: string;
  /** What is not known, as a clause; null if all of the check was done. */
  readonly unknown: string | null;
}

export async function runChecks(subject: CheckSubject): Promise<Report[]> {
  const reports: Report[] = [];
  for (const check of CHECKS) {
    const unknown = check.unknown?.(subject) ?? null;
    const findings = await check.run(subject);
    const summary = findings.length === 0 ? (check.summarize?.(subject) ?? check.title) : check.title;
    reports.push({ check, findings, summary, unknown });
  }
  return reports;
}

/** The first error that prevents an installation; null if there is none. */
export async function findBlock(subject: CheckSubject): Promise<Finding | null> {
  for (const check of CHECKS.filter(({ allowsInstall }) => !allowsInstall)) {
    const block = (await check.run(subject)).find(({ level }) => level === "error");
    if (block) return block;
  }
  return null;
}
