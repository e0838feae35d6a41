import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../../src/cli/run-command-line.ts";
import { useScratch } from "../../support/scratch.ts";

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The file tree of a node, below a scratch directory that is removed when the running test ends. */
export interface Host {
  readonly root: string;
  /** The directory of networks, as this process sees it. */
  readonly confDir: string;
  path(path: string): string;
  write(path: string, text: string | Uint8Array, mode?: number): void;
  read(path: string): string;
  /** Runs cnitap on this tree. */
  cnitap(...args: string[]): Promise<Ran>;
}

export const CALICO = readFileSync(
  join(import.meta.dirname, "../../../conflist-examples/10-calico.conflist"),
  "latin1",
);
export const CALICO_PATCHED = readFileSync(
  join(import.meta.dirname, "../../../conflist-examples/10-calico.cni-tap.conflist"),
  "latin1",
);
export const CALICO_FILE = "/etc/cni/net.d/10-calico.conflist";

/** Runs a command line in this process. */
export async function cnitap(...args: string[]): Promise<Ran> {
  let out = "";
  let err = "";
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    outBytes: (bytes: Uint8Array) => {
      out += Buffer.from(bytes).toString();
    },
    closed: false,
    colour: false,
    terminal: false,
    columns: null,
    exitCode: 0,
    leave: () => {},
  };
  await run(args, { version: "0.0.0-test", program: "cnitap" }, io);
  return { code: io.exitCode, out, err };
}

/** Adds what a node has besides: the interpreter of the plugins, the loopback plugin, kubeconfigs. */
export function complete(host: Host): Host {
  host.write("/bin/sh", "", 0o755);
  host.write("/opt/cni/bin/loopback", "#!/bin/sh\n", 0o755);
  for (const name of readdirSync(host.confDir)) {
    const text = statSync(join(host.confDir, name)).isFile()
      ? readFileSync(join(host.confDir, name), "latin1")
      : "";
    for (const [, file = ""] of text.matchAll(/"kubeconfig": ?"(\/[^"]+)"/g))
      host.write(file, "users: []\n", 0o600);
  }
  return host;
}

/** A node with these files in its directory of networks, and with their plugins. */
export function useHost(networks: Readonly<Record<string, string>> = { "10-calico.conflist": CALICO }): Host {
  const { folder: root } = useScratch();
  const path = (name: string) => join(root, name);
  const write = (name: string, text: string | Uint8Array, mode = 0o644) => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), typeof text === "string" ? Buffer.from(text, "latin1") : text, { mode });
  };
  for (const name of ["/etc/cni/net.d", "/opt/cni/bin", "/run/lock", "/var/lib", "/tmp"]) {
    mkdirSync(path(name), { recursive: true });
  }
  for (const [name, text] of Object.entries(networks)) {
    write(join("/etc/cni/net.d", name), text);
    for (const [, type] of text.matchAll(/"type": ?"([\w-]+)"/g))
      write(`/opt/cni/bin/${type}`, "#!/bin/sh\n", 0o755);
  }
  return {
    root,
    confDir: path("/etc/cni/net.d"),
    path,
    write,
    read: (name) => readFileSync(path(name), "latin1"),
    cnitap: (command, ...args) => cnitap(command ?? "", "--host-root", root, ...args),
  };
}
