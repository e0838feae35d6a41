import { addressKey, isLinkLocal, isLoopback, readAddress } from "../address.ts";
import type { Attached } from "../pod.ts";
import { type Result, readResult } from "../result.ts";

/** The address without its prefix length. */
export function bare(address: string): string {
  return address.replace(/\/\d+$/, "");
}

/** Whether an address is a pod's own: neither loopback's nor link-local. */
export function isOwn(text: string): boolean {
  const address = readAddress(text);
  return address !== null && !isLinkLocal(address) && !isLoopback(address);
}

/**
 * A result's addresses for an interface: those with the index of another one are left out.
 * @param ifname null: all
 */
export function addressesFor({ ips, interfaces }: Result, ifname: string | null): string[] {
  return ips
    .filter(({ interface: at }) => {
      const name = at === null ? null : (interfaces[at]?.name ?? null);
      return ifname === null || name === null || name === ifname;
    })
    .map(({ address }) => address);
}

/** The addresses that the whole ADDs of an attachment gave. */
export function givenTo({ adds }: Attached): string[] {
  const seen = new Map<string, string>();
  for (const { result } of adds)
    for (const { address } of readResult(result)?.ips ?? []) seen.set(addressKey(address), address);
  return [...seen.values()].filter(isOwn);
}
