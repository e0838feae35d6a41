declare const BUILD: string;

/** Shown when cni_wrap is started by hand. */
export function usage(): string {
  return `cni_wrap ${BUILD}, of cni-tap: stands in a CNI plugin's place, runs the plugin, and logs what it got and gave

Usage: in a network's list of plugins
  { "plugins": [ { "type": "cni_wrap", "cniTap": { "type": "calico" }, … } ] }
or as a symbolic link that has a plugin's name. The container runtime starts it, with CNI_COMMAND set and the request on
standard input. By hand:
  echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION cni_wrap
The log is /tmp/cni.log unless "cniTap" has another logFile.
`;
}
