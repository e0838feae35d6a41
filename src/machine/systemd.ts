import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { MachineError } from "./machine-error.ts";
import type { Root } from "./root.ts";

/** Longer than systemd waits for a unit's start or stop, 90 s. */
const TIMEOUT_MS = 100_000;

/** What systemd says of a service. */
export interface ServiceState {
  /** "active", "inactive", "failed", "activating", ... */
  readonly active: string;
  /** Of its main process; 0: none. */
  readonly pid: number;
  /** Whether its file has changed since systemd has read it. */
  readonly changed: boolean;
}

/** Asks systemd for a service; null if systemd does not run this machine, or it is another root's. */
export function readService(root: Root, unit: string): ServiceState | null {
  if (root.folder !== "/" || !existsSync("/run/systemd/system")) return null; // sd_booted(3)
  const properties = ["ActiveState", "MainPID", "NeedDaemonReload"];
  const text = systemctl("show", `--property=${properties.join(",")}`, unit);
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  return {
    active: value("ActiveState"),
    pid: Number(value("MainPID")),
    changed: value("NeedDaemonReload") === "yes",
  };
}

/**
 * Runs systemctl. Returns what it has printed.
 * @throws {MachineError} if it fails, with what it says
 */
export function systemctl(...args: readonly string[]): string {
  try {
    return execFileSync("systemctl", args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
    });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    const seen = said.split("\n")[0] || (error instanceof Error ? error.message : String(error));
    throw new MachineError(`Cannot run systemctl ${args.join(" ")}: ${seen}`, { cause: error });
  }
}
