import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeAtomically } from "../../machine/atomic-file.ts";

/** Tells which process looks after the devices: two would give back what the other is injecting. */
export class Owner {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes the place of a process that has ended. Returns the process that has it: this one, if it could be taken. */
  take(): number {
    const own = `${process.pid} ${startOf(process.pid)}\n`;
    const [, pid = "", start = ""] = /^(\d{1,9}) (\d{1,20})\n$/.exec(this.#read()) ?? [];
    if (pid !== "" && Number(pid) !== process.pid && startOf(Number(pid)) === start) return Number(pid);
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o755 });
      writeAtomically(this.#path, Buffer.from(own), { mode: 0o600 });
    } catch {
      // Nothing can be written here, so nothing will be moved either.
    }
    return process.pid;
  }

  #read(): string {
    try {
      return readFileSync(this.#path, "utf8");
    } catch {
      return ""; // none, or none that can be read
    }
  }
}

/** When a process was started, in clock ticks since the boot (proc(5)); "" if there is none. Its ID may be another's now. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
