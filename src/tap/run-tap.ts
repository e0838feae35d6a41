import type { Host } from "../native/host.ts";
import { describeFaults } from "./describe-faults.ts";
import type { Line, Outcome, Role } from "./outcome.ts";
import { tap } from "./tap.ts";
import { usage } from "./usage.ts";

/** Writes a line; what failed, each a complaint. */
export function log(host: Host, line: Line): string[] {
  const faults = host.append(line.target, line.pieces, line.flatten, line.escapeControls);
  return faults.length > 0 ? describeFaults(host, line.target, faults) : [];
}

/** Logs, answers, complains; the exit code. */
export function carryOut(program: string, usageText: string, outcome: Outcome, host: Host): number {
  if (outcome.usage) {
    host.complain(usageText);
    return 0;
  }
  const complaints = outcome.line
    ? outcome.complaints.concat(log(host, outcome.line))
    : outcome.complaints.slice();
  const errno = outcome.reply.length > 0 ? host.reply(outcome.reply, outcome.exitCode) : 0;
  if (errno !== 0) complaints.push(`Cannot write the reply: ${host.errorText(errno)}`);
  complain(program, complaints, host);
  return errno !== 0 ? 1 : outcome.exitCode;
}

/** All complaints of a call, in one line. */
export function complain(program: string, complaints: readonly string[], host: Host): void {
  if (complaints.length > 0) host.complain(`${program}: ${complaints.join("; ")}\n`);
}

/** A tap's whole life; the exit code. */
export function run(role: Role, host: Host): number {
  return carryOut(`cni_${role}`, usage(role), tap(role, host), host);
}
