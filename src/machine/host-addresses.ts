import { readFileSync } from "node:fs";
import type { Root } from "./root.ts";

/** The node's own addresses, from /proc/1/net: fib_trie's local ones and if_inet6. Null if they cannot be read. */
export function hostAddresses(root: Root): string[] | null {
  const read = (name: string) => readFileSync(root.at(`/proc/1/net/${name}`), "latin1");
  try {
    return [...localAddresses(read("fib_trie")), ...inet6Addresses(readIfThere(() => read("if_inet6")))];
  } catch {
    return null;
  }
}

function readIfThere(read: () => string): string {
  try {
    return read();
  } catch {
    return ""; // a kernel without IPv6
  }
}

/** `|-- 10.0.0.5`, and below it `/32 host LOCAL`. */
export function localAddresses(trie: string): string[] {
  const found = new Set<string>();
  let last = "";
  for (const line of trie.split("\n")) {
    const address = /\|-- ([\d.]+)$/.exec(line)?.[1];
    if (address !== undefined) last = address;
    else if (line.includes("/32 host LOCAL") && last !== "") found.add(last);
  }
  return [...found];
}

/** `fe800000000000000000000000000001 02 40 20 80 eth0`. */
export function inet6Addresses(text: string): string[] {
  return [...text.matchAll(/^([0-9a-f]{32}) /gm)].map(([, hex = ""]) => (hex.match(/.{4}/g) ?? []).join(":"));
}
