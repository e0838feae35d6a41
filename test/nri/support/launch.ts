import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { RuntimeConnection } from "../../../scripts/nri/runtime-connection.ts";

/** Starts a plugin as a runtime does: descriptor 3 is its connection, and its environment has only NRI's variables. */
export function launch(
  node: string,
  script: string,
  identity: { readonly name: string; readonly index: string },
): { readonly child: ChildProcess; readonly connection: RuntimeConnection } {
  const child = spawn(node, [script], {
    env: { NRI_PLUGIN_NAME: identity.name, NRI_PLUGIN_IDX: identity.index, NRI_PLUGIN_SOCKET: "3" },
    stdio: ["ignore", "pipe", "ignore", "pipe"],
  });
  const socket = child.stdio[3];
  if (!(socket instanceof Socket))
    throw new Error("Cannot talk to the plugin: its descriptor 3 is not a socket");
  return { child, connection: new RuntimeConnection(socket, true) };
}
