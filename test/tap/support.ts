import * as deferred from "../../src/tap/deferred.ts";
import type { Role } from "../../src/tap/outcome.ts";
import { run } from "../../src/tap/run-tap.ts";
import { Exit, TwinHost, type TwinWorld } from "../native/twin/twin-host.ts";

/** Runs one call under Node: the script of the executables, on the host's twin. */
export function callTwin(role: Role, world: TwinWorld): { code: number; host: TwinHost } {
  const host = new TwinHost(world);
  try {
    run(role, host, () => deferred);
  } catch (error) {
    if (error instanceof Exit) return { code: error.code, host };
    throw error;
  }
  throw new Error("The tap did not exit");
}
