import type { Host } from "../native/native.ts";
import type { Outcome, Role } from "./outcome.ts";
import type { Rare } from "./rare.ts";
import { tap } from "./tap.ts";

function log(host: Host, { line }: Outcome, rare: () => Rare): string[] {
  if (line === null) return [];
  const faults = host.append(line.target, line.pieces, line.flatten);
  return faults.length > 0 ? rare().describeFaults(host, line.target, faults) : [];
}

/** A tap's whole life: decide, log, answer, complain, exit. */
export function run(role: Role, host: Host, rare: () => Rare): never {
  const outcome = tap(role, host, rare);
  if (outcome.usage) {
    host.complain(rare().usage(role));
    host.exit(0);
  }
  const complaints = outcome.complaints.concat(log(host, outcome, rare));
  const errno = outcome.reply.length > 0 ? host.reply(outcome.reply, outcome.exitCode) : 0;
  if (errno !== 0) complaints.push(`Cannot write the reply: ${host.errorText(errno)}`);
  if (complaints.length > 0) host.complain(`cni_${role}: ${complaints.join("; ")}\n`);
  host.exit(errno !== 0 ? 1 : outcome.exitCode);
}
