import { lstatSync, readFileSync } from "node:fs";
import { judgeLog, READABLE_BY_OTHERS } from "../../../log/fitness.ts";
import type { Root } from "../../../machine/root.ts";
import { type Check, error, type Finding, warning } from "../check.ts";

/** Local users' ways to disturb a log that is root's own. */
function openings(root: Root, path: string, mode: number): Finding[] {
  const findings: Finding[] = [];
  if ((mode & READABLE_BY_OTHERS) !== 0) {
    findings.push(
      warning(
        `${path} can be read by others (mode ${mode.toString(8)}): its lines tell of every pod, and a reader can hold its lock`,
        `chmod 600 ${path}, unless a log collector needs to read it.`,
      ),
    );
  }
  if (linksAreOpen(root)) {
    findings.push(
      warning(
        `any user can give ${path} a second name (fs.protected_hardlinks is 0), and the taps refuse a log with two`,
        "sysctl -w fs.protected_hardlinks=1, or log to a directory of root's: --log-file /var/log/cni-tap/cni.log.",
      ),
    );
  }
  return findings;
}

function linksAreOpen(root: Root): boolean {
  try {
    return readFileSync(root.at("/proc/sys/fs/protected_hardlinks"), "utf8").trim() === "0";
  } catch {
    return false; // not Linux's procfs, or not mounted
  }
}

export const logFile: Check = {
  id: "log-file",
  title: "the log is root's own file",
  run({ logFiles, survey }) {
    return logFiles.flatMap((path): Finding[] => {
      const stat = lstatSync(survey.root.entry(path), { throwIfNoEntry: false });
      if (!stat) return [];
      const advice = `Find out who created it, and remove it: rm -r ${path}. Or log elsewhere: --log-file /var/log/cni-tap/cni.log.`;
      if (stat.isSymbolicLink())
        return [error(`${path} is a symbolic link, and the taps follow none`, advice)];
      const mode = stat.mode & 0o7777;
      switch (judgeLog(stat, stat.uid === 0 ? 0 : process.geteuid?.())) {
        case "UNFIT_TYPE":
          return [error(`${path} is not a regular file`, advice)];
        case "UNFIT_OWNER":
          return [error(`${path} belongs to user ${stat.uid}`, advice)];
        case "UNFIT_LINKS":
          return [error(`${path} has ${stat.nlink} names (hard links)`, advice)];
        case "UNFIT_MODE":
          return [error(`${path} can be written by others (mode ${mode.toString(8)})`, `chmod 600 ${path}`)];
        default:
          return openings(survey.root, path, mode);
      }
    });
  },
};
