import type { Role } from "../../src/tap/outcome.ts";
import { run } from "../../src/tap/run-tap.ts";
import { TwinHost, type TwinWorld } from "../native/twin/twin-host.ts";

/** Runs one call under Node: the script of the executables, on the host's twin. */
export function callTwin(role: Role, world: TwinWorld): { code: number; host: TwinHost } {
  const host = new TwinHost(world);
  return { code: run(role, host), host };
}
