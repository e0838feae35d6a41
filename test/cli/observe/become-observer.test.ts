import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, readlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { observerArguments } from "../../../src/cli/observe/become-observer.ts";
import { useScratch } from "../../support/scratch.ts";
import { useHost } from "../support/host.ts";
import { describeInMounts, runInMounts } from "../support/mounts.ts";
import { CNITAP } from "../support/spawn.ts";
import { launchObserving, observe } from "./support/observing.ts";

const LAUNCHED = { NRI_PLUGIN_SOCKET: "3" };
/** What a process runs; "" if it has ended. */
function executableOf(pid: number | string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

const NOWHERE = "/nowhere/nri.sock";

test.each<[readonly string[], string, Readonly<Record<string, string>>, readonly string[] | null]>([
  [["observe"], "cnitap", {}, []],
  [["observe", "-idx", "10", "--", "--help"], "cnitap", {}, ["-idx", "10", "--", "--help"]],
  [["help", "observe"], "cnitap", {}, ["--help"]],
  [["status", "--json"], "/x/10-network-logger", {}, ["status", "--json"]],
  [[], "10-anything", LAUNCHED, []],
  [["status"], "cnitap", LAUNCHED, null],
  [[], "cnitap", {}, null],
  [["help", "install"], "cnitap", {}, null],
  [["--help"], "cnitap", {}, null],
])("the observer's arguments of %j as %s with %j are %j", (args, program, env, wanted) => {
  expect(observerArguments(args, program, env)).toEqual(wanted);
});

describe("cnitap observe", () => {
  test("becomes cnitap-observe: same process, name, arguments and environment, and its exit", async () => {
    const odd = ["--set", "label=a b\n'$x", "--socket", NOWHERE];
    const observing = observe({ exe: CNITAP, args: ["observe", ...odd], env: { ODD: "a=b c", EMPTY: "" } });
    const proc = (name: string) =>
      readFileSync(`/proc/${observing.pid}/${name}`, "utf8").split("\0").slice(0, -1);
    await waitFor("cnitap-observe", () => executableOf(observing.pid).endsWith("/cnitap-observe"));
    expect(proc("cmdline")).toEqual([CNITAP, ...odd]);
    expect(proc("environ")).toEqual(expect.arrayContaining(["ODD=a=b c", "EMPTY="]));
    expect(await observing.end()).toEqual({ code: 0, signal: null });
  });

  test("has the terminal's, the pipe's and all other descriptors as they were", () => {
    const shell = `"${CNITAP}" observe --help | cat`;
    expect(execFileSync("sh", ["-c", shell], { encoding: "utf8" })).not.toBe("");
  });
});

describe("cnitap that a runtime has launched", () => {
  /** The process that has the connection: a child, since Node.js would close the descriptor. */
  async function launch() {
    const { observing, connection } = launchObserving(CNITAP, { name: "network-logger", index: "10" });
    const children = `/proc/${observing.pid}/task/${observing.pid}/children`;
    const child = await waitFor("the observer", () => {
      const [pid] = readFileSync(children, "utf8").split(" ").filter(Boolean);
      return pid && executableOf(pid).endsWith("/cnitap-observe") ? Number(pid) : undefined;
    });
    return { observing, connection, child };
  }

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "hands %s on, and ends as the observer does",
    async (signal) => {
      const { observing, child } = await launch();
      expect(await observing.end(signal)).toEqual({ code: 0, signal: null });
      expect(existsSync(`/proc/${child}`)).toBe(false);
    },
  );

  test("dies of the signal that its observer died of", async () => {
    const { observing, child } = await launch();
    process.kill(child, "SIGKILL");
    expect(await observing.ended).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("ends with the runtime's connection", async () => {
    const { observing, connection } = await launch();
    connection.socket.destroy();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
  });
});

describeInMounts("a cnitap that stands alone", () => {
  const noexec = "mount -t tmpfs -o noexec tmpfs";
  /** Runs `cnitap observe --help` of a copy, with a /var/lib of its own. */
  async function run(script: string) {
    const { path } = useScratch();
    copyFileSync(CNITAP, path("cnitap"));
    const mounts = `mount -t tmpfs tmpfs /var/lib; ${script}; set -- ${path("cnitap")} observe --help`;
    return runInMounts(useHost(), mounts, "");
  }

  test("starts a copy in /var/lib/cni-tap", async () => {
    const { code, out, err } = await run("mkdir /var/lib/cni-tap");
    expect({ code, out: out !== "" }, err).toEqual({ code: 0, out: true });
  });

  test.each([
    ["is read-only", "mount -o remount,ro /var/lib"],
    ["is full", "mount -t tmpfs -o size=8k tmpfs /var/lib; head -c 9k /dev/zero >/var/lib/x || true"],
    ["is mounted noexec", `${noexec} /var/lib`],
  ])("starts another where /var/lib %s", async (_, script) => {
    const { code, out, err } = await run(script);
    expect({ code, out: out !== "" }, err).toEqual({ code: 0, out: true });
  });

  test("says so where none can be started, with the reason", async () => {
    const { path, folder } = useScratch();
    copyFileSync(CNITAP, path("cnitap"));
    const env = `XDG_RUNTIME_DIR= TMPDIR=${folder}/no`;
    const mounts = `${noexec} /var/lib; cp ${path("cnitap")} /var/tmp/; mount --bind /var/tmp /mnt; ${noexec} /tmp`;
    const { code, err } = await runInMounts(
      useHost(),
      `${mounts}; set -- env ${env} /mnt/cnitap observe`,
      "",
    );
    expect(code).toBe(1);
    expect(err).toMatch(
      /^cnitap: Cannot start cnitap-observe: \/var\/lib\/cni-tap: it is on a mount without execution \(noexec\); /,
    );
  });
});
