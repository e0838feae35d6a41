import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { isNetworkMount, mountOf } from "../../../machine/mounts.ts";
import { type Check, error, type Finding, warning } from "../check.ts";

const NEEDED_BYTES = 1 << 20;

export const logMount: Check = {
  id: "log-mount",
  title: "the log is on a local disk with room",
  run({ logFiles, survey }) {
    return logFiles.flatMap((path): Finding[] => {
      const folder = survey.root.at(dirname(path));
      const mount = mountOf(survey.root, dirname(path));
      const findings: Finding[] = [];
      if (mount && isNetworkMount(mount)) {
        findings.push(
          error(
            `${path} is on ${mount.type}, and when that hangs, every pod hangs`,
            "Log to a local disk with --log-file.",
          ),
        );
      }
      if (mount?.type === "tmpfs") {
        findings.push(
          warning(
            `${path} is on tmpfs: it takes memory and is gone after a reboot`,
            "Log to a disk with --log-file, or keep logMaxBytes small with --set.",
          ),
        );
      }
      if (!existsSync(folder)) return findings;
      const { bavail, bsize, files, ffree } = statfsSync(folder);
      if (bavail * bsize < NEEDED_BYTES || (files > 0 && ffree === 0)) {
        findings.push(
          error(`the file system of ${path} is full`, "Make room, or log elsewhere with --log-file."),
        );
      }
      return findings;
    });
  },
};
