import { addressKey, isOwn } from "../address.ts";
import type { Attached } from "../pod.ts";
import { type Result, readResult } from "../result.ts";

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
  const [add, another] = adds;
  const [ip, more] = readResult(add?.result ?? null)?.ips ?? [];
  if (another === undefined && more === undefined) return ip && isOwn(ip.address) ? [ip.address] : [];
  const seen = new Map<string, string>();
  for (const { result } of adds)
    for (const { address } of readResult(result)?.ips ?? []) seen.set(addressKey(address), address);
  return [...seen.values()].filter(isOwn);
}
