import { parseLogLine } from "../../../src/log/log-line.ts";
import { Audit } from "../../../src/story/audit.ts";
import type { Finding } from "../../../src/story/findings/finding.ts";

/**
 * What `cnitap audit` finds in a node's log, each as "CODE NAMESPACE/NAME PLUGIN". All pods of the log must have come to
 * rest: what has not ended is taken for stuck. Slow calls are left out, as machines that run tests are slow.
 * @param ids only the lines of these pods are read; without any, all lines
 */
export function auditOf(log: string, ...ids: readonly string[]): string[] {
  return findingsOf(
    log.split("\n").filter((line) => ids.length === 0 || ids.some((id) => line.includes(id))),
  ).map(({ code, namespace, name, plugin }) => {
    const pod = name === null ? [] : [`${namespace}/${name}`];
    return [code, ...pod, ...(plugin === null ? [] : [plugin])].join(" ");
  });
}

/** The findings of severity error. */
export function errorsOf(log: string): Finding[] {
  return findingsOf(log.split("\n")).filter(({ severity }) => severity === "error");
}

function findingsOf(lines: readonly string[]): Finding[] {
  const audit = new Audit({ stuckMs: 0 });
  lines.forEach((line, at) => {
    audit.add(at + 1, parseLogLine(line) ?? line);
  });
  return audit.end().findings.filter(({ code }) => code !== "slow");
}
