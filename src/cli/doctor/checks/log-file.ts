import { lstatSync } from "node:fs";
import { type Check, error, type Finding } from "../check.ts";

export const logFile: Check = {
  id: "log-file",
  title: "the log is root's own file",
  run({ logFiles, survey }) {
    return logFiles.flatMap((path): Finding[] => {
      const stat = lstatSync(survey.root.entry(path), { throwIfNoEntry: false });
      if (!stat) return [];
      const advice = `Find out who made it, and remove it: rm -r ${path}. Or log elsewhere: --log-file /var/log/cni-tap/cni.log.`;
      if (stat.isSymbolicLink())
        return [error(`${path} is a symbolic link, and the taps follow none`, advice)];
      if (!stat.isFile()) return [error(`${path} is no regular file`, advice)];
      if (stat.uid !== 0 && stat.uid !== process.geteuid?.())
        return [error(`${path} belongs to user ${stat.uid}`, advice)];
      if (stat.nlink > 1) return [error(`${path} has ${stat.nlink} names (hard links)`, advice)];
      if ((stat.mode & 0o022) !== 0)
        return [
          error(
            `${path} can be written by others (mode ${(stat.mode & 0o7777).toString(8)})`,
            `chmod 600 ${path}`,
          ),
        ];
      return [];
    });
  },
};
