import { printable } from "../log/printable.ts";
import type { EventName, RuntimeVersion } from "./events.ts";
import type { Call, Identity } from "./session.ts";

/* What a plugin says of itself: the words of Go's stub (nri, pkg/stub/stub.go), which people know. */

/** A plugin's name in runtimes, such as "10-network-logger". */
export function titleOf({ index, name }: Identity): string {
  return `${index}-${name}`;
}

/** @param program the name that the process was started by */
export function createdText(identity: Identity, program: string, events: readonly EventName[]): string {
  const handles = events.map((name) => name.charAt(0).toUpperCase() + name.slice(1)).join(",");
  return `Created plugin ${titleOf(identity)} (${program}, handles ${handles})`;
}

export function registeringText(title: string, nriVersion: string): string {
  return `Registering plugin ${title} using NRI version ${nriVersion}...`;
}

export function configuringText(title: string, { name, version, nriVersion }: RuntimeVersion): string {
  const runtime = `${name}/${version}${nriVersion && ` (NRI version ${nriVersion})`}`;
  return `Configuring plugin ${title} for runtime ${printable(runtime)}...`;
}

export function startedText(title: string): string {
  return `Started plugin ${title}...`;
}

export function overdueText({ name, timeoutMs }: Call): string {
  const rule = "the runtime closes the connection of such a plugin";
  return `The handler ${name} has not answered within ${Math.round(timeoutMs)} ms: ${rule}`;
}
