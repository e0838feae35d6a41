import { describe, expect, test } from "vitest";
import { generateLog, type LogOptions } from "../../scripts/log/generate.ts";
import { parseLogLine } from "../../src/log/log-line.ts";
import { LineReader } from "../../src/machine/line-reader.ts";
import { Audit, type AuditOptions } from "../../src/story/audit.ts";
import type { Finding } from "../../src/story/findings/finding.ts";
import { chain, later, WITH_RESULT, wrapped } from "./findings/support.ts";
import { podLine } from "./support.ts";

function madeLog(options: LogOptions) {
  let text = "";
  const truth = generateLog(options, (more) => {
    text += more;
  });
  return { truth, lines: text.trimEnd().split("\n") };
}

/** Read by the heads of the lines, as the command does, or line by line with the plain parser. */
function audited(lines: readonly string[], how: "heads" | "plain", options: Partial<AuditOptions> = {}) {
  const audit = new Audit({ stuckMs: 60_000, ...options });
  const reader = new LineReader();
  lines.forEach((line, at) => {
    const bytes = Buffer.from(line, "latin1");
    audit.add(at + 1, how === "heads" ? reader.read(bytes, 0, bytes.length) : (parseLogLine(line) ?? line));
  });
  return audit.end();
}

function counts(findings: readonly Finding[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { code } of findings) all[code] = (all[code] ?? 0) + 1;
  return all;
}

describe("the audit of a made log", () => {
  const { truth, lines } = madeLog({ seed: 4, bytes: 20_000_000 });

  test("finds the faults that are in it, and none more", () => {
    const { failedAdds, failedDels, killed, sharedIps } = truth;
    for (const count of [failedAdds, failedDels, killed, sharedIps, truth.torn])
      expect(count).toBeGreaterThan(0);
    expect(counts(audited(lines, "heads").findings)).toEqual({
      "add-failed": failedAdds - killed,
      "call-killed": killed,
      "inner-del-failed": failedDels,
      "duplicate-ip": sharedIps,
      "torn-line": 1,
    });
  });

  test("says the same whichever way lines are read", () => {
    expect(audited(lines, "heads")).toEqual(audited(lines, "plain"));
  });
});

describe("a pod that was judged when it was gone", () => {
  const others = Array.from({ length: 600 }, (_, n) => later(1000 + n * 10)).flat();
  const pod = [
    ...chain("ADD", { at: 0 }),
    podLine("RunPodSandbox", { at: 30 }),
    ...chain("DEL", { at: 500 }, WITH_RESULT),
    ...chain("DEL", { at: 600, netns: "" }),
    podLine("RemovePodSandbox", { at: 700 }),
  ];

  test("is not judged again for what comes late", () => {
    const late = [...chain("DEL", { at: 9000, netns: "" }), podLine("RemovePodSandbox", { at: 9100 })];
    const own = audited([...pod, ...others, ...late], "heads").findings;
    expect(own.filter(({ containerId }) => containerId === "c1")).toEqual([]);
  });

  test("shows a lost line", () => {
    const before = chain("ADD", { at: -70_000, id: "before", pod: "default/before" });
    const lost = (own: readonly string[]) =>
      audited([...before, ...own, ...others], "heads").findings.flatMap(({ code, lines }) =>
        code === "lines-lost" ? lines : [],
      );
    expect(lost(pod.slice(1))).toContain(before.length + 1);
    expect(lost(pod)).not.toContain(before.length + 1);
  });

  test("is told of if a late call of it fails", () => {
    const died = wrapped("DEL", "calico", { at: 9000, netns: "" }, { signal: 9, output: null });
    const own = audited([...pod, ...others, ...died], "heads").findings;
    expect(own.filter(({ containerId }) => containerId === "c1").map(({ code }) => code)).toEqual([
      "plugin-died",
    ]);
  });
});
