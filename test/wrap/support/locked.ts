import { spawn } from "node:child_process";
import { once } from "node:events";

/** Does something while another process holds flock(2) on the file. Tests that run together cannot use `holdLock`. */
export async function whileLocked<T>(path: string, use: () => Promise<T>): Promise<T> {
  const script = 'umask 077; exec flock "$0" sh -c "echo held; cat"';
  const holder = spawn("sh", ["-c", script, path], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(holder, "close");
  try {
    await once(holder.stdout, "data");
    return await use();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
