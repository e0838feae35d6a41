import { isTap } from "../../conflist/tap-entries.ts";
import { escapeForTerminal, type Io, paint } from "../io.ts";
import type { ExecutableStatus, NetworkStatus, Status } from "./gather-status.ts";

const MODES: Readonly<Record<NetworkStatus["mode"], string>> = {
  both: "cni_pre and cni_post",
  post: "cni_post alone",
  pre: "cni_pre alone: no result is logged",
  wrap: "cni_wrap in place of each plugin in braces",
  "drop-in": "cni_post as a drop-in",
  none: "no taps",
};

export function showStatus(io: Io, status: Status): void {
  const runtime = status.runtime ?? "no runtime answers";
  io.out(`${escapeForTerminal(`${status.confDir} (${runtime})`)}\n`);
  for (const network of status.networks) showNetwork(io, network);
  for (const { file, error } of status.broken) {
    io.out(`\n${escapeForTerminal(file)}  ${paint(io, "red", error)}\n`);
  }
  for (const name of status.withoutNetwork) {
    io.out(`\n${paint(io, "red", `${name} loads no network from this directory; cnitap doctor says why`)}\n`);
  }
  io.out("\n");
  for (const executable of status.executables) io.out(`${line(executable)}\n`);
}

function showNetwork(io: Io, network: NetworkStatus): void {
  const use =
    network.usedBy.length > 0 ? `pods get it from ${network.usedBy.join(" or ")}` : "pods do not get it";
  io.out(
    `\n${paint(io, "bold", escapeForTerminal(network.name))}  ${escapeForTerminal(network.file)}, ${use}\n`,
  );
  const names = network.plugins.map((type, at) => {
    const name = escapeForTerminal(type);
    if (network.wrapped.some((one) => one.at === at)) return paint(io, "green", `{${name}}`);
    return isTap(type) ? paint(io, "green", `[${name}]`) : name;
  });
  io.out(`  plugins  ${names.join(" → ")}\n`);
  const more = network.wrapped.some(({ delegates }) => delegates) ? ", and of their delegates" : "";
  const taps = `${MODES[network.mode]}${more}`;
  io.out(`  taps     ${paint(io, network.mode === "none" ? "yellow" : "green", taps)}\n`);
  for (const { path, bytes, lastLine } of network.logs) {
    const state =
      bytes === null
        ? "not there yet"
        : `${bytes} bytes, ${lastLine === null ? "empty" : `last line ${lastLine}`}`;
    io.out(`  log      ${escapeForTerminal(path)}: ${state}\n`);
  }
}

function line({ path, version, state }: ExecutableStatus): string {
  if (state === "missing") return `${path}: missing`;
  const origin =
    state === "same" ? "the one that this cnitap installs" : "not the one that this cnitap installs";
  return `${escapeForTerminal(path)}: version ${version ?? "unknown"}, ${origin}`;
}
