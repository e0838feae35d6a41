import type { Scratch } from "./scratch.ts";

export type LogFormat = "classic" | "json";
export const formats: readonly LogFormat[] = ["classic", "json"];

/** Adds members in front of a JSON object's own, as text: no other byte changes. */
export function withMembers(text: string, members: Readonly<Record<string, unknown>>): string {
  const own = JSON.stringify(members).slice(1, -1);
  const open = text.indexOf("{") + 1;
  if (open === 0) throw new Error(`Cannot add members: no object in ${text.slice(0, 40)}`);
  const comma = own !== "" && !/^\s*\}/.test(text.slice(open)) ? "," : "";
  return text.slice(0, open) + own + comma + text.slice(open);
}

/** The members that send a tap's log to a scratch directory. */
export function logMembers(scratch: Scratch, format: LogFormat = "classic"): Record<string, unknown> {
  return { logFile: scratch.logFile, lockFile: scratch.lockFile, logFormat: format };
}

/** stdin text whose log goes to the scratch directory. `text` is the rest of the network's configuration. */
export function stanza(scratch: Scratch, text: string, more: Readonly<Record<string, unknown>> = {}): string {
  return withMembers(text, { ...logMembers(scratch), ...more });
}
