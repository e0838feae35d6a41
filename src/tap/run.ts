import { FAULTS, type Host, type LogTarget, UNFIT } from "../native/native.ts";
import type { Outcome, Role } from "./outcome.ts";
import { DEFAULT_TARGET } from "./stanza.ts";
import { tap } from "./tap.ts";
import { usage } from "./usage.ts";

/** A file in a complaint: its key, and its path only where that is the default and so no user's value. */
function nameFile(target: LogTarget, key: "logFile" | "lockFile"): string {
  return target[key] === DEFAULT_TARGET[key] ? `${key} ${DEFAULT_TARGET[key]}` : key;
}

function describeFaults(host: Host, target: LogTarget, faults: readonly number[]): string[] {
  const texts: string[] = [];
  for (let at = 0; at < faults.length; at += 2) {
    const [message, kind] = FAULTS[faults[at] ?? 0] ?? ["Cannot write to {log}: {}", "none"];
    const detail = faults[at + 1] ?? 0;
    const seen = kind === "errno" ? host.errorText(detail) : (UNFIT[detail] ?? "");
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

function log(host: Host, { line }: Outcome): string[] {
  if (line === null) return [];
  return describeFaults(host, line.target, host.append(line.target, line.pieces, line.flatten));
}

/** A tap's whole life: decide, log, answer, complain, exit. */
export function run(role: Role, host: Host): never {
  const outcome = tap(role, host);
  if (outcome.usage) {
    host.complain(usage(role));
    host.exit(0);
  }
  const complaints = [...outcome.complaints, ...log(host, outcome)];
  const errno = outcome.reply.length > 0 ? host.reply(outcome.reply, outcome.exitCode) : 0;
  if (errno !== 0) complaints.push(`Cannot write the reply: ${host.errorText(errno)}`);
  if (complaints.length > 0) host.complain(`cni_${role}: ${complaints.join("; ")}\n`);
  host.exit(errno !== 0 ? 1 : outcome.exitCode);
}
