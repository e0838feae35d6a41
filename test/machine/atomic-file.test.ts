import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { writeAtomically } from "../../src/machine/atomic-file.ts";
import { CALICO_FILE, type Host, useHost } from "../cli/support/host.ts";
import { PRELOAD, runCnitap } from "../cli/support/spawn.ts";
import { useScratch } from "../support/scratch.ts";

const BACKUP = "/etc/cni/net.d/.10-calico.conflist.cni-tap-bak";
const RECORD = "/var/lib/cni-tap/wanted.json";

/** The calls of a command that change files, in order; paths are the host's. */
async function trace(host: Host, command: string): Promise<string[]> {
  const file = host.path("/trace");
  const env = { NODE_OPTIONS: `--require=${PRELOAD}`, FS_TRACE: file };
  expect(await runCnitap([command, "--host-root", host.root], env)).toMatchObject({ code: 0 });
  return readFileSync(file, "utf8").replaceAll(host.root, "").split("\n");
}

/** The calls that name a file or its temporary file, and the call after the last of them. */
function callsFor(calls: readonly string[], path: string): string[] {
  const names = [path, path.replace(/[^/]+$/, ".$&.cni-tap-tmp")];
  const last = calls.findLastIndex((call) => call.split(" ").some((word) => names.includes(word)));
  return calls.filter((call, at) => at === last + 1 || call.split(" ").some((word) => names.includes(word)));
}

test("a file gets its name after its content and mode are on disk, and then its directory is synced", async () => {
  const host = useHost();
  chmodSync(host.path(CALICO_FILE), 0o640);
  const calls = await trace(host, "install");
  for (const [path, mode] of [
    ["/opt/cni/bin/cni_pre", "755"],
    ["/opt/cni/bin/cni_post", "755"],
    [BACKUP, "600"],
    [RECORD, "600"],
    [CALICO_FILE, "640"],
  ] as const) {
    const temp = path.replace(/[^/]+$/, ".$&.cni-tap-tmp");
    expect(callsFor(calls, path)).toEqual([
      `rmSync ${temp}`,
      `openSync ${temp}`,
      `writeFileSync ${temp}`,
      `fchmodSync ${mode} ${temp}`,
      `fsyncSync ${temp}`,
      `renameSync ${temp} ${path}`,
      `fsyncSync ${dirname(path)}`,
    ]);
  }
});

test("the directory is synced after a file is removed", async () => {
  const host = useHost();
  await host.cnitap("install");
  const calls = await trace(host, "uninstall");
  for (const path of [BACKUP, RECORD]) {
    expect(callsFor(calls, path)).toEqual([`rmSync ${path}`, `fsyncSync ${dirname(path)}`]);
  }
});

test("a file keeps its mode, unless setMode is true", () => {
  const { path } = useScratch();
  writeFileSync(path("kept"), "");
  writeFileSync(path("set"), "");
  for (const name of ["kept", "set"]) chmodSync(path(name), 0o640);
  writeAtomically(path("new"), Buffer.from("x"), { mode: 0o755 });
  writeAtomically(path("kept"), Buffer.from("x"), { mode: 0o755 });
  writeAtomically(path("set"), Buffer.from("x"), { mode: 0o755, setMode: true });
  const modes = ["new", "kept", "set"].map((name) => statSync(path(name)).mode & 0o7777);
  expect(modes).toEqual([0o755, 0o640, 0o755]);
});

test("a file keeps its group if only that differs", ({ skip }) => {
  skip(process.getuid?.() !== 0, "only root can give a file to another group");
  const { path } = useScratch();
  writeFileSync(path("a"), "");
  chownSync(path("a"), 0, 4321);
  writeAtomically(path("a"), Buffer.from("x"), { mode: 0o644 });
  expect(statSync(path("a")).gid).toBe(4321);
});

test("a check that throws leaves only the old file", () => {
  const { path, names } = useScratch();
  writeFileSync(path("a"), "old");
  writeFileSync(path(".a.cni-tap-tmp"), "of a run that was killed");
  const check = () => {
    expect(readFileSync(path(".a.cni-tap-tmp"), "utf8")).toBe("new");
    throw new RangeError("no");
  };
  expect(() => writeAtomically(path("a"), Buffer.from("new"), { mode: 0o644, check })).toThrow(RangeError);
  expect(names()).toEqual(["a"]);
  expect(readFileSync(path("a"), "utf8")).toBe("old");
});
