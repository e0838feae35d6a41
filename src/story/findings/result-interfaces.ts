import { isInSubnet, isLinkLocal, readAddress } from "../address.ts";
import { type Attached, isAdded, type Pod } from "../pod.ts";
import { type Result, type ResultIp, readResult } from "../result.ts";
import type { LineNumber } from "../story.ts";
import {
  aboutAttached,
  type Check,
  type Finding,
  inNetwork,
  listed,
  type MakeCheck,
  podName,
} from "./finding.ts";

/**
 * What a runtime cannot use of a result: an address whose interface is not in the pod (weave#3787, containerd#4402), no
 * interface of the name that was asked for, a gateway that cannot be reached.
 */
export const resultInterfaces: MakeCheck = (_log, report): Check => ({
  pod: (pod: Pod) => {
    for (const attached of pod.attached) {
      const result = isAdded(attached) ? readResult(attached.add?.result ?? null) : null;
      if (result === null) continue;
      const last = lastPlugin(attached);
      for (const find of [noInterface, noIfname, farGateway]) {
        const finding = find(attached, result, last);
        if (finding !== null) report(finding);
      }
    }
  },
});

interface Last {
  readonly plugin: string | null;
  readonly lines: readonly LineNumber[];
}

/** Who gave the result, and where it is. */
function lastPlugin({ add }: Attached): Last {
  if (add?.post) return { plugin: null, lines: [add.post.line] };
  const call = add?.plugins.at(-1);
  return { plugin: call?.plugin ?? null, lines: call?.end ? [call.end.line] : [] };
}

function isLost({ interface: at }: ResultIp, { interfaces }: Result): boolean {
  return at !== null && !interfaces[at]?.sandbox;
}

/** Addresses without an index, and results without interfaces, are Calico's and weave's way. */
function noInterface(attached: Attached, result: Result, last: Last): Finding | null {
  const lost = result.interfaces.length === 0 ? [] : result.ips.filter((ip) => isLost(ip, result));
  if (lost.length === 0) return null;
  const where = lost.map(({ address, interface: at }) => {
    const name = result.interfaces[at ?? -1]?.name ?? null;
    return `${address} (${name === null ? `index ${at}, where there is none` : `${name}, which is not in the pod`})`;
  });
  return aboutAttached(attached, {
    ...{ code: "result-no-interface", severity: "error", ...last, timeMs: attached.add?.begunMs ?? null },
    brief: "the result has an address whose interface is not in the pod",
    sentence: `The result for ${podName(attached.pod)}${inNetwork(attached.network)} has an address whose interface is not in the pod: ${listed(where)}`,
    advice:
      "This is a bug of the plugin that gave it; runtimes find no address for the pod. Update the plugin.",
  });
}

function noIfname(attached: Attached, { interfaces }: Result, last: Last): Finding | null {
  const inPod = interfaces.filter(({ sandbox }) => sandbox !== null).map(({ name }) => name ?? "?");
  const { ifname } = attached;
  if (ifname === null || ifname === "" || inPod.length === 0 || inPod.includes(ifname)) return null;
  return aboutAttached(attached, {
    ...{ code: "result-ifname", severity: "error", ...last, timeMs: attached.add?.begunMs ?? null },
    brief: `the result has no interface ${ifname} in the pod`,
    sentence: `The result for ${podName(attached.pod)}${inNetwork(attached.network)} has no interface ${ifname} in the pod, only ${listed(inPod)}`,
    advice:
      "The runtime asked for that name and will find no address. Update the plugin that makes the interface.",
  });
}

function farGateway(attached: Attached, { ips }: Result, last: Last): Finding | null {
  const far = ips.filter(isFar);
  if (far.length === 0) return null;
  return aboutAttached(attached, {
    ...{ code: "result-gateway", severity: "warning", ...last, timeMs: attached.add?.begunMs ?? null },
    brief: "a gateway is outside its address's subnet",
    sentence: `The result for ${podName(attached.pod)}${inNetwork(attached.network)} has a gateway outside its address's subnet: ${listed(far.map(({ address, gateway }) => `${gateway} of ${address}`))}`,
    advice: "Correct subnet or gateway in the IPAM plugin's configuration.",
  });
}

function isFar({ address, gateway }: ResultIp): boolean {
  const [own, via] = [readAddress(address), gateway === null ? null : readAddress(gateway)];
  if (own === null || via === null || own.prefix === null || isLinkLocal(via) || via.value === 0n)
    return false;
  if (own.family !== via.family || own.prefix === (own.family === 4 ? 32 : 128)) return false;
  return !isInSubnet(via, own);
}
