import { UNFIT } from "../log/fitness.ts";
import { DEFAULT_TARGET, type LogTarget } from "../log/target.ts";
import { FAULTS, type Host } from "../native/host.ts";

/** A file in a complaint: its key, and its path only where that is the default and so no user's value. */
function nameFile(target: LogTarget, key: "logFile" | "lockFile"): string {
  return target[key] === DEFAULT_TARGET[key] ? `${key} ${DEFAULT_TARGET[key]}` : key;
}

/** Faults of the log, each as a complaint. */
export function describeFaults(host: Host, target: LogTarget, faults: readonly number[]): string[] {
  const texts: string[] = [];
  for (let at = 0; at < faults.length; at += 2) {
    const [, message, kind] = FAULTS[faults[at] ?? 0] ?? ["", "Cannot write to {log}: {}", "none"];
    const detail = faults[at + 1] ?? 0;
    const seen = kind === "errno" ? host.errorText(detail) : (UNFIT[detail]?.[1] ?? "");
    texts.push(
      message
        .replace("{lock}", nameFile(target, "lockFile"))
        .replace("{log}", nameFile(target, "logFile"))
        .replace("{ms}", String(target.lockTimeoutMs))
        .replace("{}", seen),
    );
  }
  return texts;
}
