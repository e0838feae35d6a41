import type { Host } from "../native/host.ts";
import type { Deferred } from "./deferred.ts";
import type { Outcome, Role } from "./outcome.ts";
import { tap } from "./tap.ts";

function log(host: Host, { line }: Outcome, deferred: () => Deferred): string[] {
  if (line === null) return [];
  const faults = host.append(line.target, line.pieces, line.flatten);
  return faults.length > 0 ? deferred().describeFaults(host, line.target, faults) : [];
}

/** A tap's whole life: decide, log, answer, complain, exit. */
export function run(role: Role, host: Host, deferred: () => Deferred): never {
  const outcome = tap(role, host, deferred);
  if (outcome.usage) {
    host.complain(deferred().usage(role));
    host.exit(0);
  }
  const complaints = outcome.complaints.concat(log(host, outcome, deferred));
  const errno = outcome.reply.length > 0 ? host.reply(outcome.reply, outcome.exitCode) : 0;
  if (errno !== 0) complaints.push(`Cannot write the reply: ${host.errorText(errno)}`);
  if (complaints.length > 0) host.complain(`cni_${role}: ${complaints.join("; ")}\n`);
  host.exit(errno !== 0 ? 1 : outcome.exitCode);
}
