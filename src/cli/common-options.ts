import { resolve } from "node:path";
import type { Command } from "commander";
import type { Places } from "../machine/survey.ts";

export interface CommonOptions {
  readonly confDir?: string;
  readonly binDir?: string;
  readonly hostRoot?: string;
  readonly runtimeEndpoint?: string;
  readonly json?: boolean;
}

/** Adds the options of all commands that examine a node. */
export function addCommonOptions(command: Command): Command {
  return command
    .option(
      "--conf-dir <dir>",
      "the runtime's configuration directory (default: what the runtime reports, else /etc/cni/net.d or another known one)",
    )
    .option(
      "--bin-dir <dir>",
      "its plugin directory (default: what the runtime reports, else /opt/cni/bin or another known one)",
    )
    .option("--host-root <dir>", "where the host's / is mounted; all other paths are those of the host")
    .option(
      "--runtime-endpoint <socket>",
      "the runtime's socket (default: $CONTAINER_RUNTIME_ENDPOINT, else the known ones)",
    )
    .option("--json", "print one JSON object");
}

export function placesOf(options: CommonOptions): Places {
  // With --host-root, paths are the host's and relative to its /.
  const absolute = (path: string) => resolve(options.hostRoot === undefined ? "." : "/", path);
  const endpoint = options.runtimeEndpoint ?? process.env.CONTAINER_RUNTIME_ENDPOINT;
  return {
    ...(options.confDir === undefined ? {} : { confDir: absolute(options.confDir) }),
    ...(options.binDir === undefined ? {} : { binDir: absolute(options.binDir) }),
    ...(options.hostRoot === undefined ? {} : { hostRoot: options.hostRoot }),
    ...(endpoint ? { runtimeEndpoint: endpoint } : {}),
  };
}
