import { parseLogLine } from "../../../src/log/log-line.ts";
import { Audit, type AuditOptions, type AuditReport } from "../../../src/story/audit.ts";
import type { Code } from "../../../src/story/findings/codes.ts";
import type { Finding } from "../../../src/story/findings/finding.ts";
import { type About, beginLine, type Ended, endLine, NETNS, RESULT, tapLine } from "../support.ts";

export function auditLines(lines: readonly string[], options: Partial<AuditOptions> = {}): AuditReport {
  const audit = new Audit({ stuckMs: 60_000, ...options });
  lines.forEach((line, at) => {
    audit.add(at + 1, parseLogLine(line) ?? line);
  });
  return audit.end();
}

/** The findings of one code. */
export function findingsOf(
  code: Code,
  lines: readonly string[],
  options: Partial<AuditOptions> = {},
): Finding[] {
  return auditLines(lines, options).findings.filter((finding) => finding.code === code);
}

/** The codes that are found. */
export function codesOf(lines: readonly string[], options: Partial<AuditOptions> = {}): Code[] {
  return auditLines(lines, options).findings.map(({ code }) => code);
}

/** Both taps' lines of a whole call. */
export function chain(command: "ADD" | "DEL", about: About, payload: object = {}): string[] {
  const [first, last] = command === "ADD" ? (["pre", "post"] as const) : (["post", "pre"] as const);
  const later = { ...about, at: about.at + 20 };
  return [
    tapLine(command, first, about, command === "DEL" ? payload : {}),
    tapLine(command, last, later, payload),
  ];
}

/** Both lines of a wrapped plugin's call; `ms` is how long it took. */
export function wrapped(
  command: string,
  plugin: string,
  about: About,
  ended: Ended = {},
  input: object = {},
): string[] {
  const { ms = 5 } = ended;
  return [
    beginLine(command, plugin, about, { type: plugin, name: about.network ?? "net", ...input }),
    endLine(command, plugin, { ...about, at: about.at + ms }, ended),
  ];
}

/** A DEL's request that has what the ADD gave. */
export const WITH_RESULT = { prevResult: RESULT };

/** A result with one address of a pod's own. */
export function resultWith(address: string): object {
  return {
    cniVersion: "1.0.0",
    interfaces: [{ name: "eth0", sandbox: NETNS }],
    ips: [{ address, gateway: "10.1.2.1", interface: 0 }],
  };
}

/** A line of a later call of another pod, so that the log goes on. */
export function later(at: number, network = "net"): string[] {
  return chain("ADD", { at, id: "later", pod: "default/later", network }, resultWith("10.1.2.250/24"));
}
