import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** With objects for all that an audit keeps of each pod, they did not fit. */
const HEAP_MB = 40;
const PODS = 50_000;
const BYTES_A_POD = 600;

test.each(["removed", "kept"])("an audit of 50,000 pods that are %s needs little memory", (kind) => {
  const program = join(import.meta.dirname, "many-pods.ts");
  const args = [`--max-old-space-size=${HEAP_MB}`, "--no-warnings", program, kind, String(PODS)];
  const { findings, bytes } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  expect(findings).toBe(0);
  expect(bytes).toBeLessThan(PODS * BYTES_A_POD);
});
