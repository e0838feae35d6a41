import type { LogLine, WrapLine } from "../log/log-line.ts";
import type { UnderWay } from "./calls-under-way.ts";
import { addressesOf, errorOf } from "./payload.ts";

/** A line of the log in a few words. Texts are byte strings. */
export interface Words {
  /** RFC 3339; null in the classic format. */
  readonly time: string | null;
  /** `ADD`, or "" for what is no call. */
  readonly command: string;
  /** Null: about no pod, as far as this line tells. */
  readonly containerId: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  /** `cni_pre`, the plugin, or `NRI`. */
  readonly who: string;
  readonly what: string;
  readonly bad: boolean;
}

/**
 * Puts a line into words.
 * @param failed the ADD whose failure this line shows
 */
export function wordsOf(read: LogLine, failed: UnderWay | null = null): Words {
  const { time, containerId } = read;
  if (read.kind === "pod") {
    const { namespace, name, ips, netns } = read.pod;
    const place = netns === "" ? " on the host's network" : ips.length > 0 ? `: ${ips.join(", ")}` : "";
    const about = { time, containerId, namespace, name, command: "", who: "NRI" };
    return { ...about, what: `${read.event}${place}`, bad: read.event === "Vanished" };
  }
  const command = read.command ?? "";
  if (read.kind === "note") {
    const about = { time, containerId, namespace: null, name: null, command, who: "note" };
    return { ...about, what: read.text, bad: true };
  }
  const { K8S_POD_NAMESPACE: namespace = null, K8S_POD_NAME: name = null } = read.args ?? {};
  const about = { time, containerId, namespace, name, command };
  if (read.kind === "wrap") return { ...about, who: read.plugin, ...endWords(read) };
  const { tap, content } = read;
  const who = tap === null ? "tap" : `cni_${tap}`;
  if (content.kind === "note") return { ...about, who, what: content.text, bad: true };
  if (content.kind === "output")
    return { ...about, who, what: withAddresses("has ended", content.json), bad: false };
  const begins = tap === null || (tap === "pre") === (command === "ADD");
  const paired = command === "ADD" || command === "DEL";
  const what = !paired ? "asked" : begins ? "begins" : "has ended";
  const bad = failed !== null;
  return { ...about, who, what: bad ? `${what}; its ADD had no end: a plugin failed` : what, bad };
}

function endWords({ end, content, command }: WrapLine): { what: string; bad: boolean } {
  if (end === null) return { what: "begins", bad: false };
  const how = end.signal === null ? `exit ${end.exit}` : `signal ${end.signal}`;
  const took = `${how} after ${end.ms.toFixed(1)} ms`;
  const bad = end.exit !== 0;
  if (!bad) return { what: command === "ADD" ? withAddresses(took, content.json) : took, bad };
  const [said = end.stderr?.split("\n").find((line) => line !== "") ?? ""] = errorOf(content.json);
  return { what: said === "" ? took : `${took}: ${said}`, bad };
}

function withAddresses(what: string, json: string): string {
  const addresses = addressesOf(json);
  return addresses.length > 0 ? `${what}: ${addresses.join(", ")}` : what;
}
