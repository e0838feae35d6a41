import { formatTime } from "../../src/log/time.ts";

const BUILD = "0.1.0";

/** A pod of a made log. */
export interface MadePod {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly netns: string;
  readonly ip: string;
  readonly network: string;
}

/** One line of a made log, and when it is written, in microseconds since 1970. */
export interface MadeLine {
  readonly atUs: number;
  readonly text: string;
}

function timeOf(atUs: number): string {
  return formatTime([Math.floor(atUs / 1e6), atUs % 1e6]);
}

function head(pod: MadePod, atUs: number, tap: string, command: string, pid: number, netns: string): string {
  const { id, namespace, name, uid, network } = pod;
  return (
    `{"v":1,"time":"${timeOf(atUs)}","tap":"${tap}","build":"${BUILD}","pid":${pid},"command":"${command}",` +
    `"containerId":"${id}","network":"${network}","cniVersion":"1.0.0","ifname":"eth0","netns":"${netns}",` +
    `"args":{"K8S_POD_NAMESPACE":"${namespace}","K8S_POD_NAME":"${name}","K8S_POD_INFRA_CONTAINER_ID":"${id}",` +
    `"K8S_POD_UID":"${uid}","IgnoreUnknown":"1"}`
  );
}

/** The result of an ADD with these interfaces on the node's side. */
export function resultOf({ ip, netns, id }: MadePod): string {
  const gateway = ip.replace(/\.\d+\.\d+$/, ".0.1");
  const mac = (at: number) => id.slice(at, at + 10).replace(/../g, ":$&");
  return (
    `{"cniVersion":"1.0.0","interfaces":[{"mac":"02${mac(0)}","name":"cni0"},{"mac":"06${mac(10)}","name":"veth${id.slice(0, 8)}"},` +
    `{"mac":"0a${mac(20)}","name":"eth0","sandbox":"${netns}"}],"ips":[{"address":"${ip}/16","gateway":"${gateway}","interface":2}],` +
    `"routes":[{"dst":"0.0.0.0/0"}],"dns":{}}`
  );
}

/** What the runtime asks: the network's configuration, with the annotations of a busy cluster. */
function requestOf(pod: MadePod, type: string, prevResult: string | null): string {
  const annotations = `"io.kubernetes.cri.pod-annotations":{"app":"${pod.name}","checksum/config":"${pod.id}","kubernetes.io/config.seen":"2026-11-21T08:00:00.000000000Z","prometheus.io/scrape":"true","prometheus.io/port":"9090"}`;
  const before = prevResult === null ? "" : `,"prevResult":${prevResult}`;
  return (
    `{"capabilities":{"portMappings":true,"io.kubernetes.cri.pod-annotations":true},"cniVersion":"1.0.0","datastore_type":"kubernetes",` +
    `"ipam":{"type":"host-local","ranges":[[{"subnet":"10.0.0.0/8"}]]},"logFormat":"json","mtu":1440,"name":"${pod.network}",` +
    `"runtimeConfig":{${annotations},"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}${before},"type":"${type}"}`
  );
}

/** @param isCached whether the runtime has an ADD's result still: until a DEL went through */
export function tapLine(
  pod: MadePod,
  atUs: number,
  tap: "pre" | "post",
  command: string,
  netns: string,
  isCached = command === "DEL" && netns !== "",
): MadeLine {
  const result = command === "ADD" && tap === "post";
  const payload = result
    ? `"output":${resultOf(pod)}`
    : `"input":${requestOf(pod, `cni_${tap}`, isCached ? resultOf(pod) : null)}`;
  return { atUs, text: `${head(pod, atUs, tap, command, 40, netns)},${payload}}` };
}

/** One call of a wrapped plugin. */
export interface MadeCall {
  readonly plugin: string;
  readonly command: string;
  readonly netns: string;
  readonly pid: number;
  /** How it ended; null: it was killed. */
  readonly end: { readonly us: number; readonly exit: number; readonly output: string } | null;
}

/** The lines of a call: its beginning, and its end if there is one. */
export function callLines(pod: MadePod, atUs: number, call: MadeCall, prevResult: string | null): MadeLine[] {
  const { plugin, command, netns, pid, end } = call;
  const about = (when: number) => `${head(pod, when, "wrap", command, pid, netns)},"plugin":"${plugin}"`;
  const begin = { atUs, text: `${about(atUs)},"input":${requestOf(pod, plugin, prevResult)}}` };
  if (end === null) return [begin];
  const endUs = atUs + end.us;
  const ended = `"ms":${(end.us / 1000).toFixed(3)},"exit":${end.exit},"output":${end.output}`;
  return [begin, { atUs: endUs, text: `${about(endUs)},${ended}}` }];
}

export function eventLine(pod: MadePod, atUs: number, event: string): MadeLine {
  const { id, namespace, name, uid, netns, ip } = pod;
  const gone = event === "RemovePodSandbox";
  const facts =
    `{"namespace":"${namespace}","name":"${name}","uid":"${uid}","netns":${gone ? "null" : `"${netns}"`},"ips":["${ip}"],` +
    `"labels":{"io.kubernetes.pod.name":"${name}","io.kubernetes.pod.namespace":"${namespace}","io.kubernetes.pod.uid":"${uid}","io.cri-containerd.kind":"sandbox"}}`;
  return {
    atUs,
    text: `{"v":1,"time":"${timeOf(atUs)}","nri":"${event}","containerId":"${id}","pod":${facts}}`,
  };
}
