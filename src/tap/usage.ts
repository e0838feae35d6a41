import type { Role } from "./outcome.ts";

declare const BUILD: string;

/** Shown when a tap is started by hand. */
export function usage(role: Role): string {
  const place = role === "pre" ? "first" : "last";
  return `cni_${role} ${BUILD}, a CNI plugin of cni-tap: writes each call to a log and hands it on unchanged

Usage: ${place} in a network's list of plugins
  { "plugins": [ ${role === "pre" ? '{ "type": "cni_pre" }, …' : '…, { "type": "cni_post" }'} ] }
The container runtime starts it, with CNI_COMMAND set and the request on standard input. By hand:
  echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION cni_${role}
The log is /tmp/cni.log unless the plugin's stanza has another logFile.
`;
}
