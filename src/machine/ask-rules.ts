import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type PortmapRules,
  type RulesById,
  readIptablesRules,
  readNftRules,
} from "../node-state/portmap-rules.ts";
import type { Root } from "./root.ts";

const SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
const TIMEOUT_MS = 5000;
const MOST_BYTES = 64 << 20;

/**
 * The rules of portmap on this node, of iptables' legacy and nft kinds and of nftables.
 * @param runtimePaths the PATH of the runtime's processes: k3s brings its own iptables
 * @returns null where they cannot be asked for: below another root, without root, in another network namespace
 */
export async function askRules(root: Root, runtimePaths: readonly string[]): Promise<PortmapRules | null> {
  if (root.folder !== "/" || process.geteuid?.() !== 0 || !isNodesNetwork()) return null;
  const path = [process.env.PATH, ...runtimePaths, SYSTEM_PATH].filter(Boolean).join(":");
  const nftText = await ask(path, "nft", ["-j", "list", "ruleset"]);
  const compat = (family: string) => nftText?.includes(`"family": "${family}", "table": "nat"`) ?? false;
  return {
    ip4: await askIptables(path, "iptables", "/proc/net/ip_tables_names", compat("ip")),
    ip6: await askIptables(path, "ip6tables", "/proc/net/ip6_tables_names", compat("ip6")),
    nft: nftText === null ? null : readNftRules(nftText),
  };
}

/** Whether this process is in the network namespace of process 1. */
function isNodesNetwork(): boolean {
  try {
    return readlinkSync("/proc/self/ns/net") === readlinkSync("/proc/1/ns/net");
  } catch {
    return false;
  }
}

/**
 * The rules of all kinds of one family; null unless each kind that the kernel has could be asked. A tool of the legacy kind
 * makes the kernel load its tables, so it is only started where they are.
 */
export async function askIptables(
  path: string,
  tool: string,
  legacyNames: string,
  hasNft: boolean,
): Promise<RulesById | null> {
  const version = await ask(path, `${tool}-save`, ["--version"]);
  const isNft = version?.includes("nf_tables") ?? false;
  const kinds = [
    { wanted: hasLegacyNat(legacyNames), own: version !== null && !isNft, suffix: "-legacy" },
    { wanted: hasNft || isNft, own: isNft, suffix: "-nft" },
  ];
  const found = new Map<string, string[]>();
  for (const { own, suffix } of kinds.filter(({ wanted }) => wanted)) {
    const program = own ? tool : `${tool}${suffix}`;
    const text = await ask(path, `${program}-save`, ["-t", "nat"]);
    if (text === null) return null;
    for (const [id, rules] of readIptablesRules(text, program)) found.set(id, rules);
  }
  return version === null ? null : found;
}

function hasLegacyNat(names: string): boolean {
  try {
    return readFileSync(names, "latin1").split("\n").includes("nat");
  } catch {
    return false; // the kernel has no legacy tables
  }
}

/** The output of a tool that only lists; null if it is not there, fails, or takes too long. */
async function ask(path: string, tool: string, args: readonly string[]): Promise<string | null> {
  const file = findTool(path, tool);
  if (file === null) return null;
  try {
    const { stdout } = await promisify(execFile)(file, args, {
      env: { PATH: path, LC_ALL: "C" },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    });
    return stdout;
  } catch {
    return null;
  }
}

/** The first executable of a name in a PATH. */
export function findTool(path: string, tool: string): string | null {
  for (const folder of path.split(":").filter((one) => one.startsWith("/"))) {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return join(folder, tool);
    } catch {
      // not in this one
    }
  }
  return null;
}
