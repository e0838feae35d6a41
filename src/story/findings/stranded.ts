import { addressKey, bare, isOwn } from "../address.ts";
import type { LogFacts } from "../log-facts.ts";
import { type Attached, isAdded, isWhole, type Pod } from "../pod.ts";
import { readParts, readResult } from "../result.ts";
import { isWell, linesOf, type Run } from "../runs.ts";
import type { PluginCall } from "../story.ts";
import { givenTo } from "./addresses.ts";
import { about, type Check, inNetwork, listed, type MakeCheck, podName } from "./finding.ts";
import { hasStopped } from "./inner-del-failed.ts";
import { absenceIn, cameUp, nextRun } from "./what-failed.ts";

/** An address that a pod was given is held by nobody: no DEL freed it (containerd#12130, rke2#3361). */
export const stranded: MakeCheck = (log, report): Check => ({
  pod: (pod: Pod) => {
    const held = pod.attached.filter(({ nested }) => !nested).flatMap((one) => heldBy(pod, one, log) ?? []);
    const [first] = held;
    if (first === undefined) return;
    const addresses = held.flatMap((one) => one.addresses.map(bare));
    const giver = held.find(({ plugin }) => plugin !== null)?.plugin ?? null;
    const [are, them] = addresses.length === 1 ? ["is", "it"] : ["are", "them"];
    const { network } = first.attached;
    const count = addresses.length === 1 ? "an address" : `${addresses.length} addresses`;
    report(
      about(pod.story, network, {
        ...{ code: "stranded", severity: "error", plugin: giver, timeMs: first.run.begunMs },
        brief: `${count} of a pod without a network ${are} still held`,
        sentence: `${listed(addresses)}${giver ? ` of ${giver}` : ""} ${are} still held for ${podName(pod.story)}${inNetwork(network)}: ${first.why}, and no DEL has freed ${them}`,
        absence: absenceOf(first),
        lines: held.flatMap(({ run, last }) => [...linesOf(run), ...(last ? linesOf(last) : [])]),
        advice: `Free ${them} with the tool of ${giver ?? "the network's IPAM plugin"}, or run its DEL by hand, once what failed is corrected.`,
      }),
    );
  },
});

/** Where the line of a DEL that freed it had to come. */
function absenceOf({ attached: { runs }, run, last }: Held): readonly [number, number] {
  return absenceIn(last ?? run, nextRun(runs, last ?? run));
}

interface Held {
  readonly attached: Attached;
  readonly addresses: readonly string[];
  readonly plugin: string | null;
  readonly why: string;
  readonly run: Run;
  readonly last: Run | null;
}

function heldBy(pod: Pod, attached: Attached, log: LogFacts): Held | null {
  const { add, adds, dels, network } = attached;
  if (add === null) return null;
  const after = dels.filter((del) => (del.calls[0]?.line ?? 0) > (add.calls[0]?.line ?? 0));
  const last = after.at(-1) ?? null;
  const end = Math.max(...linesOf(last ?? add));
  if (after.some(isWhole) || log.sawGcAfter(network, end)) return null;
  if (isAdded(attached)) {
    // Without a DEL the pod may be alive; where its ADD is whole, that is another finding's.
    if (last === null || !after.some((del) => hasStopped(del, attached, log))) return null;
    const addresses = givenTo(attached).filter(
      (address) => !isFreed(giverOf(add, address), after, add) && !isFreedBy(address, adds, after),
    );
    if (addresses.length === 0) return null;
    const plugin = giverOf(add, addresses[0] ?? "")?.plugin ?? null;
    return { attached, addresses, plugin, why: "its DEL stopped half-way", run: add, last };
  }
  const failed = add.state === "broken" || (last !== null && add.plugins.length > 0);
  if (!failed || cameUp(pod, attached)) return null;
  const over = last === null ? log.isStuck(add.lastMs) : hasStopped(last, attached, log);
  if (!over) return null;
  const givers = add.plugins.filter(
    (call) => call !== add.failed && isWell(call) && newAddresses(call).length > 0,
  );
  const holders = givers.filter((call) => !isFreed(call, after, add));
  const addresses = holders.flatMap(newAddresses);
  if (addresses.length === 0) return null;
  const plugin = holders[0]?.plugin ?? null;
  return { attached, addresses, plugin, why: "its ADD failed at a later plugin", run: add, last };
}

/** Addresses that were not in the result before a plugin's. */
function newAddresses({ request, end }: PluginCall): string[] {
  const before = new Set(
    (readParts(request?.prevResult ?? null)?.ips ?? []).map(({ address }) => addressKey(address)),
  );
  const ips = readResult(end?.output ?? null)?.ips ?? [];
  return ips.map(({ address }) => address).filter((one) => isOwn(one) && !before.has(addressKey(one)));
}

function giverOf({ plugins }: Run, address: string): PluginCall | null {
  const key = addressKey(address);
  return plugins.find((call) => newAddresses(call).some((one) => addressKey(one) === key)) ?? null;
}

/** Whether the plugin that gave an address ended a DEL well since. */
function isFreed(giver: PluginCall | null, dels: readonly Run[], { plugins }: Run): boolean {
  if (giver === null || !plugins.includes(giver)) return false;
  return dels.some(({ plugins: ended }) =>
    ended.some((call) => call.plugin === giver.plugin && isWell(call)),
  );
}

/** Whether a delegate that gave an address, such as an IPAM plugin, ended a DEL well since. */
function isFreedBy(address: string, adds: readonly Run[], dels: readonly Run[]): boolean {
  const key = addressKey(address);
  const givers = adds
    .flatMap(({ delegates }) => [...delegates.keys()])
    .filter((call) => isWell(call) && newAddresses(call).some((one) => addressKey(one) === key))
    .map(({ plugin }) => plugin);
  return dels.some(({ delegates }) =>
    [...delegates.keys()].some(
      (call) => givers.includes(call.plugin) && call.command === "DEL" && isWell(call),
    ),
  );
}
