import type { Role } from "./outcome.ts";

declare const BUILD: string;

/** For a person who starts a tap by hand. */
export function usage(role: Role): string {
  const place = role === "pre" ? "first" : "last";
  return `cni_${role} ${BUILD}, a CNI plugin of cni-tap

It stands ${place} in a network's list of plugins, writes what it is given to a log and hands it on unchanged:
  { "plugins": [ ${role === "pre" ? '{ "type": "cni_pre" }, …' : '…, { "type": "cni_post" }'} ] }
A container runtime starts it, with CNI_COMMAND and the like set and the request on standard input. By hand:
  echo '{"cniVersion":"1.0.0","name":"net"}' | CNI_COMMAND=VERSION cni_${role}
Its log is /tmp/cni.log unless its stanza has another logFile.
`;
}
