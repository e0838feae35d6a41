import type { Host } from "../native/host.ts";
import { describeFaults } from "./describe-faults.ts";
import type { Outcome, Role } from "./outcome.ts";
import { tap } from "./tap.ts";
import { usage } from "./usage.ts";

function log(host: Host, { line }: Outcome): string[] {
  if (line === null) return [];
  const faults = host.append(line.target, line.pieces, line.flatten, line.escapeControls);
  return faults.length > 0 ? describeFaults(host, line.target, faults) : [];
}

/** A tap's whole life: decide, log, answer, complain; the exit code. */
export function run(role: Role, host: Host): number {
  const outcome = tap(role, host);
  if (outcome.usage) {
    host.complain(usage(role));
    return 0;
  }
  const complaints = outcome.complaints.concat(log(host, outcome));
  const errno = outcome.reply.length > 0 ? host.reply(outcome.reply, outcome.exitCode) : 0;
  if (errno !== 0) complaints.push(`Cannot write the reply: ${host.errorText(errno)}`);
  if (complaints.length > 0) host.complain(`cni_${role}: ${complaints.join("; ")}\n`);
  return errno !== 0 ? 1 : outcome.exitCode;
}
