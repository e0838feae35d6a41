import { lstatSync } from "node:fs";
import { judgeLog } from "../../../log/fitness.ts";
import { type Check, error, type Finding } from "../check.ts";

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
          return [];
      }
    });
  },
};
