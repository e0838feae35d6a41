import { isMembers, type Members, objectsOf, parseJson, textIn } from "../log/json.ts";
import { readAddress } from "../story/address.ts";
import { partsOf } from "../story/result.ts";
import type { CachedAttachment, CachedPlugin, CacheFile, PodName } from "./facts.ts";
import { readPortMappings } from "./port-mappings.ts";

/** An address of a pod. */
export interface ResultAddress {
  /** Without its prefix length. */
  readonly address: string;
  /** Whether the result gives it to an interface of the host. */
  readonly ofHost: boolean;
}

/** A container ID as containerd, CRI-O, Docker and Podman make it. */
const HEX_ID = /[0-9a-f]{64}/;

export interface CacheFileText {
  readonly path: string;
  readonly text: string;
  readonly mtimeMs: number;
}

/** A cached file, and the list that it was made with, as text. */
export interface ReadCacheFile {
  readonly file: CacheFile;
  /** Null where the file has none. */
  readonly config: Members | null;
}

/**
 * Reads a file of libcni's cache. libcni since 0.8 writes `cniCacheV1`, before that the bare result.
 * @param decode decodes base64
 */
export function readCacheFile(
  { path, text, mtimeMs }: CacheFileText,
  decode: (base64: string) => string,
): ReadCacheFile {
  const file = (
    problem: string | null,
    attachment: CachedAttachment | null = null,
    config: Members | null = null,
  ) => ({
    file: { path, problem, mtimeMs, attachment },
    config,
  });
  const broken = (problem: string) => file(problem);
  if (text === "") return broken("is empty");
  const value = parseJson(text);
  if (!isMembers(value)) return broken("is no JSON object");
  const { kind, config } = value;
  if (kind === undefined) {
    // Any result has at least one of these; an empty object is what a broken writer leaves.
    if (!["cniVersion", "ips", "ip4", "ip6", "interfaces", "dns"].some((key) => key in value))
      return broken("is neither an attachment nor a result");
    return file(null, readBare(path, value));
  }
  if (kind !== "cniCacheV1") return file(null); // of a later libcni
  if (typeof config !== "string") return broken("has no configuration");
  const list = parseJson(decode(config));
  if (!isMembers(list)) return broken("has a configuration that is no JSON object");
  return file(null, readAttachment(value, list), list);
}

function readAttachment(value: Members, list: Members): CachedAttachment | null {
  const containerId = textIn(value, "containerId");
  if (containerId === null) return null;
  const result = isMembers(value.result) ? value.result : {};
  const capabilities = isMembers(value.capabilityArgs) ? value.capabilityArgs : {};
  return {
    containerId,
    network: textIn(value, "networkName") ?? textIn(list, "name"),
    ifname: textIn(value, "ifName"),
    netns: textIn(value, "netns") ?? sandboxOf(result),
    pod: podOf(value.cniArgs),
    plugins: pluginsOf(list),
    portMappings: readPortMappings(capabilities.portMappings),
    addresses: addressesOf(result),
  };
}

/** A bare result. Its file is named NETWORK-ID-IFNAME; names of networks may have a hyphen. */
function readBare(path: string, result: Members): CachedAttachment | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const match = HEX_ID.exec(name);
  if (match === null) return null;
  return {
    containerId: match[0],
    network: name.slice(0, Math.max(0, match.index - 1)) || null,
    ifname: name.slice(match.index + match[0].length + 1) || null,
    netns: sandboxOf(result),
    ...{ pod: null, plugins: [], portMappings: [] },
    addresses: addressesOf(result),
  };
}

function sandboxOf(result: Members): string | null {
  return partsOf(result).interfaces.find(({ sandbox }) => sandbox?.startsWith("/"))?.sandbox ?? null;
}

function addressesOf(result: Members): ResultAddress[] {
  const { ips, interfaces } = partsOf(result);
  return ips.flatMap(({ address, interface: at }) => {
    if (readAddress(address) === null) return [];
    const owner = at === null ? undefined : interfaces[at];
    return [{ address: address.replace(/\/\d+$/, ""), ofHost: owner !== undefined && !owner.sandbox }];
  });
}

function podOf(args: unknown): PodName | null {
  if (!Array.isArray(args)) return null;
  const argument = (key: string): string | null => {
    const pair: unknown = args.find((one: unknown) => Array.isArray(one) && one[0] === key);
    return Array.isArray(pair) && typeof pair[1] === "string" && pair[1] !== "" ? pair[1] : null;
  };
  const [namespace, name] = [argument("K8S_POD_NAMESPACE"), argument("K8S_POD_NAME")];
  return namespace === null || name === null ? null : { namespace, name };
}

/** The plugins of a list, or the only one. */
function pluginsOf(list: Members): CachedPlugin[] {
  const entries = Array.isArray(list.plugins) ? objectsOf(list.plugins) : [list];
  return entries.flatMap((entry): CachedPlugin[] => {
    const wrapped = entry.type === "cni_wrap" && isMembers(entry.cniTap) ? entry.cniTap : entry;
    const type = textIn(wrapped, "type");
    return type === null ? [] : [{ type, backend: textIn(entry, "backend") }];
  });
}
