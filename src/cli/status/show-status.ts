import { isTap } from "../../conflist/tap-entries.ts";
import { escapeForTerminal, type Io, paint } from "../io.ts";
import type { ObserverStatus } from "../observer-status.ts";
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
  if (status.observer) showObserver(io, status.observer, status.networks);
}

function showObserver(io: Io, observer: ObserverStatus, networks: readonly NetworkStatus[]): void {
  const { executable, unit, links, processes } = observer;
  const isInstalled = unit.state !== "missing" || links.length > 0;
  if (isInstalled || executable.state !== "missing") io.out(`${line(executable)}\n`);
  if (unit.state !== "missing") {
    const words = [unit.enabled ? "enabled" : "not enabled", unit.active ?? "state not known here"];
    io.out(`${unit.path}: ${words.join(", ")}${unit.state === "foreign" ? ", not cnitap's" : ""}\n`);
  }
  for (const { path, leadsTo } of links) {
    const where = { observer: "leads to the observer", cnitap: "leads to cnitap", nothing: "leads nowhere" };
    io.out(`${escapeForTerminal(path)}: ${where[leadsTo]}\n`);
  }
  const logs = new Set(networks.flatMap((network) => network.logs.map(({ path }) => path)));
  for (const { pid, path, state, log } of processes ?? []) {
    const build = state === "same" ? "" : ` (${path}, of another build)`;
    const others =
      logs.size === 0 || log === null ? "" : logs.has(log) ? ", as the taps do" : ", the taps do not";
    const where = log === null ? "as the runtime's configuration says" : `to ${log}${others}`;
    io.out(escapeForTerminal(`observer runs, pid ${pid}${build}: logs ${where}\n`));
  }
  if (processes?.length === 0) io.out(`${paint(io, "yellow", "no observer runs")}\n`);
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

function line({ path, version, state }: ExecutableStatus | ObserverStatus["executable"]): string {
  if (state === "missing") return `${path}: missing`;
  if (state === "foreign") return `${path}: not cnitap's`;
  const origin =
    state === "same" ? "the one that this cnitap installs" : "not the one that this cnitap installs";
  return `${escapeForTerminal(path)}: version ${version ?? "unknown"}, ${origin}`;
}
