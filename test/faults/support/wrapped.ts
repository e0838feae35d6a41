import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../../scripts/cache-dir.ts";
import { type PrivateMachine, usePrivateMachine } from "../../support/private-mounts.ts";
import type { TapCall } from "../../support/run-tap.ts";
import { splitLines } from "../../support/scratch.ts";
import { inside, type Place } from "./place.ts";
import { buildProgram } from "./programs.ts";

/** How a plugin comes to be wrapped. */
export type Form = "list" | "name";
export const forms: readonly Form[] = ["list", "name"];

/** The executable: the checkout's own, unless CNITAP_WRAP names another. */
export const WRAP = process.env.CNITAP_WRAP || join(ROOT, "bin", "cni_wrap");

/** A machine of its own with the plugin of plugin.c, wrapped. Its folder of plugins is /mnt there. */
export interface WrappedMachine extends PrivateMachine {
  readonly place: Place;
  /** The folder of the plugin and of cni_wrap; the links are in its folder cni-tap. */
  readonly folder: string;
  /** What a call needs: the environment, standard input, and the executable. */
  call(form: Form, more?: WrappedCall): TapCall;
  /** The same call without cni_wrap. */
  bareCall(form: Form, more?: WrappedCall): TapCall;
  /** The processes that were a plugin, of one call or of all. */
  started(id?: string): number[];
  /** Plugins that saw the end of their parent. */
  outlived(): number[];
  /** The beginnings and the ends in the log. */
  logged(): Logged;
}

type Line = Readonly<Record<string, unknown>>;

/** What the log has of each call. */
export class Logged {
  readonly #lines = new Map<unknown, Line[]>();

  constructor(log: Buffer) {
    for (const text of splitLines(log)) {
      if (!text.startsWith("{")) continue;
      const line: Line = JSON.parse(text);
      this.#lines.set(line.containerId, [...(this.#lines.get(line.containerId) ?? []), line]);
    }
  }

  of(id: string, what: "input" | "output"): readonly Line[] {
    return (this.#lines.get(id) ?? []).filter((line) => what in line);
  }

  /** How many beginnings and ends a call has. */
  count(id = "c1"): readonly [begin: number, end: number] {
    return [this.of(id, "input").length, this.of(id, "output").length];
  }
}

export interface WrappedCall {
  /** Further members of `cniTap`, or of cni-tap.json. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Bytes of a member that makes standard input so long. */
  readonly filler?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const CONFIG = { cniVersion: "1.0.0", name: "k8s-pod-network" };
/** What the plugin says on standard error. */
export const PLUGINS_OWN = "the plugin's own";

export async function useWrappedMachine(exe = WRAP): Promise<WrappedMachine> {
  const machine = usePrivateMachine();
  const { scratch } = machine;
  const folder = scratch.path("plugins");
  mkdirSync(join(folder, "cni-tap"), { recursive: true });
  copyFileSync(exe, join(folder, "cni_wrap"));
  copyFileSync(await buildProgram("plugin"), join(folder, "plugin"));
  symlinkSync("../cni_wrap", join(folder, "cni-tap", "plugin"));

  function read(more: WrappedCall): Record<string, unknown> {
    return { ...CONFIG, ...(more.filler ? { filler: "f".repeat(more.filler) } : {}) };
  }
  function base(more: WrappedCall): TapCall {
    const env = {
      ...{ CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_PATH: "/mnt", PLUGIN_STARTS: "/tmp/start" },
      ...more.env,
    };
    return { role: "pre", env, timeoutMs: 30_000 };
  }
  const files = () => readdirSync(scratch.path("tmp")).filter((name) => name.startsWith("start."));
  return {
    ...machine,
    place: inside(machine),
    folder,
    call: (form, more = {}) => {
      const settings = { logFormat: "json", ...more.settings };
      if (form === "name") {
        writeFileSync(join(folder, "cni-tap", "cni-tap.json"), JSON.stringify(settings));
        return {
          ...base(more),
          ...{ exe: join(folder, "cni_wrap"), via: ["/mnt/cni-tap/plugin"] },
          stdin: JSON.stringify({ ...read(more), type: "plugin" }),
        };
      }
      const cniTap = { type: "plugin", ...settings };
      return {
        ...{ ...base(more), exe: join(folder, "cni_wrap") },
        stdin: JSON.stringify({ ...read(more), cniTap, type: "cni_wrap" }),
      };
    },
    bareCall: (_, more = {}) => ({
      ...{
        ...base({ ...more, env: { ...more.env, PLUGIN_STARTS: "/tmp/bare" } }),
        exe: join(folder, "plugin"),
      },
      stdin: JSON.stringify({ ...read(more), type: "plugin" }),
    }),
    started: (id) =>
      files()
        .filter((name) => id === undefined || name.startsWith(`start.${id}.`))
        .map((name) => Number(name.slice(name.lastIndexOf(".") + 1))),
    outlived: () =>
      files()
        .filter((name) => name.startsWith("start.outlived."))
        .map((name) => Number(name.slice(name.lastIndexOf(".") + 1))),
    logged: () => new Logged(scratch.log()),
  };
}
