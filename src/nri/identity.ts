import { NriError, type NriErrorDetails } from "./nri-error.ts";
import type { Identity } from "./session.ts";

const defaultSocket = "/var/run/nri/nri.sock";

/** Variables of plugins that a runtime launches (nri, pkg/api/plugin.go). The socket is a descriptor. */
export interface PluginEnvironment {
  readonly NRI_PLUGIN_NAME?: string | undefined;
  readonly NRI_PLUGIN_IDX?: string | undefined;
  readonly NRI_PLUGIN_SOCKET?: string | undefined;
}

export interface IdentityOptions {
  readonly name?: string | undefined;
  readonly index?: string | undefined;
}

/** The socket of the runtime. */
export type Target = { readonly path: string } | { readonly descriptor: number };

/**
 * Name and index, as in Go's stub: from the options, the environment, or the name of the program
 * (`10-logger`).
 * @param program the program's path
 * @throws NriError "configuration"
 */
export function resolveIdentity(options: IdentityOptions, env: PluginEnvironment, program: string): Identity {
  const given = env.NRI_PLUGIN_IDX || undefined;
  if (given && options.index !== undefined && options.index !== given)
    throw fault(
      "index",
      `index ${options.index}: the runtime has launched this plugin as ${given}`,
      "conflict",
    );
  const file = (program.split("/").at(-1) ?? "").replace(/\.[cm]?[jt]s$/, "");
  let name = options.name ?? env.NRI_PLUGIN_NAME;
  let index = options.index ?? given;
  if (index === undefined) {
    const [, fileIndex, base] = /^([^-]*)-(.*)$/.exec(file) ?? [];
    if (fileIndex === undefined || base === undefined)
      throw fault("index", `the file name ${file}: <index>-<name> is expected where no index is given`);
    index = fileIndex;
    name ||= base;
  }
  name ||= file;
  if (!/^[A-Za-z0-9_.+-]+$/.test(name))
    throw fault("name", `name ${JSON.stringify(name)}: only letters, digits and _.+-`);
  if (!/^[0-9]{2}$/.test(index))
    throw fault("index", `index ${JSON.stringify(index)}: two digits are expected`);
  return { name, index };
}

/**
 * The given socket, else the descriptor in the environment, else the default path.
 * @throws NriError "configuration" if the descriptor is not a number
 */
export function resolveTarget(socket: string | undefined, env: PluginEnvironment): Target {
  if (socket !== undefined) return { path: socket };
  const text = env.NRI_PLUGIN_SOCKET;
  if (!text) return { path: defaultSocket };
  if (!/^[0-9]{1,9}$/.test(text))
    throw fault("socket", `NRI_PLUGIN_SOCKET ${JSON.stringify(text)}: not a number`);
  return { descriptor: Number(text) };
}

function fault(option: NriErrorDetails["option"], seen: string, reason?: "conflict"): NriError {
  return new NriError("configuration", `Cannot use ${seen}`, { option, reason });
}
