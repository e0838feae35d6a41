import { readFileSync } from "node:fs";
import { type Check, warning } from "../check.ts";

export const selinux: Check = {
  id: "selinux",
  title: "SELinux is not enforcing",
  run({ survey, logFiles }) {
    let enforce: string;
    try {
      enforce = readFileSync(survey.root.at("/sys/fs/selinux/enforce"), "utf8").trim();
    } catch {
      return []; // SELinux is not available
    }
    if (enforce !== "1") return [];
    return [
      warning(
        "SELinux is enforcing: files made from within a container may have labels that the runtime may not use",
        `restorecon -v ${[...survey.binDirs.map((folder) => `${folder}/cni_*`), ...logFiles].join(" ")}; then look for AVC in the audit log.`,
      ),
    ];
  },
};
