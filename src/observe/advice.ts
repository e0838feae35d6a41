import type { NriError } from "../nri/nri-error.ts";

/** A runtime that answers on its CRI socket. */
export interface RunningRuntime {
  /** "containerd" or "cri-o". */
  readonly name: string;
  /** "2.1.9+unknown" */
  readonly version: string;
}

/** Known CRI sockets, of which the first that answers is asked. */
export const CRI_SOCKETS: readonly string[] = [
  "/run/containerd/containerd.sock",
  "/run/k3s/containerd/containerd.sock",
  "/var/run/crio/crio.sock",
  "/var/snap/microk8s/common/run/containerd.sock",
];

const CONTAINERD_1 = "disable = false in [plugins.'io.containerd.nri.v1.nri'] of /etc/containerd/config.toml";
const CONTAINERD_2 =
  "disable = true or another socket_path in [plugins.'io.containerd.nri.v1.nri'] of /etc/containerd/config.toml";
const CRIO = "enable_nri = true in [crio.nri] of a file in /etc/crio/crio.conf.d";

const NAME_SOCKET = "Specify the runtime's NRI socket with --socket; the default is /var/run/nri/nri.sock.";
const REJECTED =
  "The runtime was reached and refuses this plugin: choose another --name or --idx if another plugin has these, or look at the runtime's configuration of NRI.";

/**
 * What to do if the runtime cannot be reached or does not speak NRI; "" if there is no advice.
 * @param ask finds the runtime of this node; null if none answers
 */
export async function adviceFor(error: NriError, ask: () => Promise<RunningRuntime | null>): Promise<string> {
  switch (error.reason) {
    case "absent":
    case "refused":
      return enableAdvice(await ask());
    case "denied":
      return "Run it as root.";
    case "rejected":
      return REJECTED;
    case "no-nri":
      return NAME_SOCKET;
    default:
      return error.code === "connect" ? NAME_SOCKET : "";
  }
}

/** How to enable NRI in a runtime. */
export function enableAdvice(runtime: RunningRuntime | null): string {
  if (!runtime)
    return `Is a runtime running here? containerd 2 has NRI on by default, containerd 1.7 wants ${CONTAINERD_1}, CRI-O ${CRIO}.`;
  const who = `${runtime.name} ${runtime.version} runs here`;
  if (runtime.name === "cri-o") return `${who}: it wants ${CRIO}, and a restart.`;
  if (/^v?1\./.test(runtime.version))
    return `${who}, with NRI off by default: set ${CONTAINERD_1}, and restart it.`;
  return `${who}, with NRI on by default: look for ${CONTAINERD_2}, and restart it; or specify its socket with --socket.`;
}

/** What to do about flags or variables that cannot be used, on a line of its own; "" if there is no advice. */
export function hintFor({ option, reason }: NriError): string {
  if (option !== "index") return "";
  return reason === "conflict"
    ? "\nLeave --idx out: the runtime has chosen."
    : "\nAn index is two digits, as in -idx 10.";
}
