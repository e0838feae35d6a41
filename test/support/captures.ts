import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "./run-tap.ts";

/** One recorded start of a plugin; test/vectors/captures/README.md says how they were taken. */
export interface Capture {
  readonly name: string;
  readonly scenario: string;
  readonly tap: "cni_pre" | "cni_post";
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

const directory = join(import.meta.dirname, "../vectors/captures");

/** All captures, in the order of the calls within each scenario. */
export function readCaptures(): readonly Capture[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")) as Capture);
}

export function roleOf(capture: Capture): Role {
  return capture.tap === "cni_pre" ? "pre" : "post";
}

/** The text of the top-level prevResult, as the recorded runtime (Go) prints it: one object without white space. */
export function prevResultText(stdin: string): string | undefined {
  const parsed = JSON.parse(stdin) as { prevResult?: unknown };
  if (parsed.prevResult === undefined) return undefined;
  const start = stdin.indexOf('"prevResult":') + '"prevResult":'.length;
  // The shortest text from there that is valid JSON; strings may hold brackets.
  for (let end = stdin.indexOf("}", start); end !== -1; end = stdin.indexOf("}", end + 1)) {
    const text = stdin.slice(start, end + 1);
    if (isJson(text)) return text;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
