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

/** The options of every command that looks at a node. */
export function addCommonOptions(command: Command): Command {
  return command
    .option(
      "--conf-dir <dir>",
      "the runtime's folder of networks (default: asked from it, else /etc/cni/net.d or the like)",
    )
    .option(
      "--bin-dir <dir>",
      "its folder of plugins (default: asked from it, else /opt/cni/bin or the like)",
    )
    .option("--host-root <dir>", "where the host's / is mounted; all other paths are the host's")
    .option(
      "--runtime-endpoint <socket>",
      "the runtime's socket (default: $CONTAINER_RUNTIME_ENDPOINT, else the known ones)",
    )
    .option("--json", "print one JSON object");
}

export function placesOf(options: CommonOptions): Places {
  // Paths below --host-root are the host's, which has no working folder.
  const absolute = (path: string) => resolve(options.hostRoot === undefined ? "." : "/", path);
  const endpoint = options.runtimeEndpoint ?? process.env.CONTAINER_RUNTIME_ENDPOINT;
  return {
    ...(options.confDir === undefined ? {} : { confDir: absolute(options.confDir) }),
    ...(options.binDir === undefined ? {} : { binDir: absolute(options.binDir) }),
    ...(options.hostRoot === undefined ? {} : { hostRoot: options.hostRoot }),
    ...(endpoint ? { runtimeEndpoint: endpoint } : {}),
  };
}
