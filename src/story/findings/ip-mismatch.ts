import { addressKey, bare, isOwn } from "../address.ts";
import { isAdded, type Pod } from "../pod.ts";
import { readResult } from "../result.ts";
import { linesOf } from "../runs.ts";
import { addressesFor } from "./addresses.ts";
import {
  aboutAttached,
  type Check,
  inNetwork,
  listed,
  type MakeCheck,
  podName,
  SOON_LINES,
} from "./finding.ts";

/** The runtime tells other addresses than CNI gave: it dropped one (calico#9312, where cri-dockerd dropped IPv6). */
export const ipMismatch: MakeCheck = (_log, report): Check => ({
  pod: (pod: Pod) => {
    const { run, story } = pod;
    if (run === null || run.ips.length === 0) return;
    const own = pod.attached.filter((one) => !one.nested && isAdded(one));
    // A runtime tells the addresses of its first interface. The ADD of that one may be older than the log.
    const [attached, ...more] = own.filter(({ ifname }) => ifname === null || ifname === "eth0");
    if (attached === undefined || more.length > 0) return;
    // Without a name, whose result is whose is not told.
    if (attached.ifname === null && (attached.adds.length > 1 || pod.attached.length > 1)) return;
    const result = readResult(attached.add?.result ?? null);
    const given = result === null ? [] : addressesFor(result, attached.ifname).filter(isOwn);
    const told = run.ips.filter(isOwn);
    if (given.length === 0 || told.length === 0 || sameSet(given, told)) return;
    const brief = "the runtime tells other addresses than CNI gave";
    report(
      aboutAttached(attached, {
        ...{ code: "ip-mismatch", severity: "error", brief, timeMs: run.timeMs },
        sentence: `CNI gave ${podName(story)} ${listed(given.map(bare))}${inNetwork(attached.network)}, but the runtime tells ${listed(told)}`,
        ...(attached.ifname === null ? { absence: [run.line - SOON_LINES, run.line] as const } : {}),
        lines: [...(attached.add ? linesOf(attached.add).slice(-1) : []), run.line],
        advice:
          "CNI has done its part. Look at the runtime's settings, such as a switch for IPv6, and at other NRI plugins.",
      }),
    );
  },
});

function sameSet(some: readonly string[], others: readonly string[]): boolean {
  const [first, second] = [some[0], others[0]];
  if (some.length === 1 && others.length === 1 && first !== undefined && second !== undefined)
    return addressKey(first) === addressKey(second);
  const [one, other] = [new Set(some.map(addressKey)), new Set(others.map(addressKey))];
  return one.size === other.size && [...one].every((key) => other.has(key));
}
