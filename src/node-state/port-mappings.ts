import { objectsOf } from "../log/json.ts";

/** One of a pod's host ports. */
export interface PortMapping {
  readonly hostPort: number;
  readonly protocol: string;
  /** "" for all. */
  readonly hostIp: string;
}

/** Reads the capability `portMappings`. Its keys are spelt as Go reads them, in any case (go-cni writes `HostPort`). */
export function readPortMappings(value: unknown): PortMapping[] {
  return objectsOf(value).flatMap((one): PortMapping[] => {
    const keys = new Map(Object.entries(one).map(([key, member]) => [key.toLowerCase(), member]));
    const hostPort = keys.get("hostport");
    if (typeof hostPort !== "number" || hostPort <= 0) return []; // plugins and runtimes skip it
    const [protocol, hostIp] = [keys.get("protocol"), keys.get("hostip")];
    return [
      {
        hostPort,
        protocol: typeof protocol === "string" ? protocol.toLowerCase() : "tcp",
        hostIp: typeof hostIp === "string" ? hostIp : "",
      },
    ];
  });
}
