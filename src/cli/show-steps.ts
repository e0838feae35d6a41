import { createTwoFilesPatch } from "diff";
import { ConflistError } from "../conflist/conflist-error.ts";
import { redactConfig } from "../conflist/redact-config.ts";
import { type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import type { Step } from "../machine/step.ts";
import { escapeForTerminal, type Io, paint, showBytes } from "./io.ts";

/** One line about a step, in future or past tense. */
export function stepLine(step: Step, tense: "will" | "did"): string {
  const will = tense === "will";
  const path = escapeForTerminal(step.path);
  if (step.kind === "link") return `${will ? "link" : "linked"} ${path} to ${escapeForTerminal(step.target)}`;
  if (step.kind === "systemctl") return `${will ? "run" : "ran"} systemctl ${step.args.join(" ")}`;
  if (step.kind === "remove" || step.kind === "remove-folder" || ("after" in step && step.after === null)) {
    return `${will ? "remove" : "removed"} ${path}`;
  }
  if (step.kind === "log") return `${will ? "create" : "created"} ${path}`;
  return `${will ? "write" : "wrote"} ${path}`;
}

/** The unified diff of a step that changes a network's file, with secrets hidden; null for other steps. */
export function stepDiff(step: Step): string | null {
  if (step.kind !== "config" && step.kind !== "drop-in") return null;
  const show = (text: ByteString | null) => (text === null ? "" : showBytes(redacted(text)));
  const from = step.before === null ? "/dev/null" : step.path;
  const to = step.after === null ? "/dev/null" : step.path;
  const diff = createTwoFilesPatch(from, to, show(step.before), show(step.after));
  return diff.slice(diff.indexOf("---"));
}

/** A text that is not JSON cannot be searched for secrets, so it is not shown. */
function redacted(text: ByteString): ByteString {
  try {
    return redactConfig(text);
  } catch (error) {
    if (!(error instanceof ConflistError)) throw error;
    return encodeUtf8(`(${error.message}; ${text.length} bytes)\n`);
  }
}

export function paintDiff(io: Io, diff: string): string {
  const colour = (line: string) =>
    line.startsWith("+") ? paint(io, "green", line) : line.startsWith("-") ? paint(io, "red", line) : line;
  return diff.split("\n").map(colour).join("\n");
}

/** What is left to do by hand. */
export function showNotes(io: Io, notes: readonly string[]): void {
  for (const note of notes) io.out(`${escapeForTerminal(note)}\n`);
}

/** A step for --json, without the content. */
export function stepJson(step: Step): {
  kind: string;
  path: string;
  target?: string;
  args?: readonly string[];
  diff?: string;
} {
  const diff = stepDiff(step);
  const target = step.kind === "link" ? { target: step.target } : {};
  const args = step.kind === "systemctl" ? { args: step.args } : {};
  return { kind: step.kind, path: step.path, ...target, ...args, ...(diff === null ? {} : { diff }) };
}
