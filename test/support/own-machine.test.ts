import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { RECORD_PATH } from "../../src/machine/installation-record.ts";
import { CALICO_FILE, CALICO_PATCHED } from "../cli/support/host.ts";
import { CNITAP, type Ended, start } from "../cli/support/spawn.ts";
import { onOwnMachine } from "./own-machine.ts";
import { describeOnPrivateMachine } from "./private-mounts.ts";
import { tapPath } from "./run-tap.ts";
import { useScratch } from "./scratch.ts";

/** A test file of each kind: observers, cnitap's commands, taps, secrets, the node's files. */
const SUITES = [
  "test/deploy.test.ts",
  "test/cli/observe/start.test.ts",
  "test/cli/status.test.ts",
  "test/conformance/lock.test.ts",
  "test/faults/secrets.test.ts",
  "test/machine/root.test.ts",
];
const LOG = "/tmp/cni.log";
const LOCK = "/run/lock/cni.lock"; // not planted: a program that uses it creates it
const PLANTED: Readonly<Record<string, string>> = {
  [RECORD_PATH]: JSON.stringify({
    v: 1,
    networks: [
      {
        ...{ confDir: "/etc/cni/net.d", network: "k8s-pod-network", file: "10-calico.conflist" },
        ...{ mode: "both", binDir: "/opt/cni/bin", original: "sha256:0" },
        pre: { logFile: "/tmp/other.log", logFormat: "json" },
        post: { logFile: "/tmp/other.log", logFormat: "json" },
      },
    ],
  }),
  [CALICO_FILE]: CALICO_PATCHED,
  "/opt/cni/bin/cni_post": "",
  "/var/lib/cni/results/k8s-pod-network-abc-eth0": "{}",
  [LOG]: "a line\n",
};

/**
 * Mounts directories with the planted files over this machine's own, runs a command, and lists the files of cni-tap and
 * CNI before and after it: names, sizes and times. A file that is read then gets a new access time, even on a mount with
 * relatime, as it was changed after its last access.
 */
const script = `set -e
planted=$1 work=$2 report=$3 checkout=$4; shift 4
mount -t tmpfs tmpfs "$work"
mkdir "$work/etc"
cp -a /etc/. "$work/etc" 2>/dev/null || true
cp -a "$planted/." "$work"
for directory in etc opt var/lib run; do mount --rbind "$work/$directory" "/$directory"; done
cp -a "$work/tmp/." /tmp
for socket in containerd/containerd.sock nri/nri.sock; do
  mkdir "/run/\${socket%/*}" && touch "/run/$socket" && mount --bind "$report.sock" "/run/$socket"
done
look() {
  find /tmp -maxdepth 1 -name '*.log*' -printf '%p %s %A@ %T@\\n'
  find /var/lib /opt /run/lock /etc/cni ! -type d -printf '%p %s %A@ %T@\\n'
}
cd "$checkout"
look >"$report.before"
code=0; "$@" || code=$?
look >"$report.after"
exit $code`;

/** A user who is not root becomes root in a namespace of its own, and tests that need real root must not run there. */
const asMyself: readonly string[] =
  process.getuid?.() === 0
    ? []
    : ["unshare", `--map-user=${process.getuid?.()}`, `--map-group=${process.getgid?.()}`, "--"];

interface Planted extends Ended {
  /** The files that were read, changed, created or removed, and "a socket" if a program connected to one. */
  readonly touched: readonly string[];
}

/** Runs a command on a machine where cni-tap is installed and a runtime listens. */
async function runPlanted(command: readonly string[]): Promise<Planted> {
  const scratch = useScratch();
  for (const [path, text] of Object.entries(PLANTED)) {
    const file = scratch.path(`planted${path}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
    utimesSync(file, 1, 2);
  }
  for (const name of ["planted/run/lock", "work"]) mkdirSync(scratch.path(name), { recursive: true });
  let visits = 0;
  const server = createServer((peer) => {
    visits++;
    peer.destroy();
  });
  await new Promise<void>((resolve) => server.listen(scratch.path("report.sock"), resolve));
  onTestFinished(() => void server.close());
  const places = [...["planted", "work", "report"].map(scratch.path), ROOT];
  const env = { NO_COLOR: "1", TMPDIR: tmpdir(), HOME: homedir() };
  const [program, ...args] = onOwnMachine(["sh", "-c", script, "sh", ...places, ...command]);
  const ended = await start(program, args, env).ended;
  const look = (when: string) =>
    readFileSync(scratch.path(`report.${when}`), "utf8")
      .trim()
      .split("\n");
  const [before, after] = [look("before"), look("after")];
  expect(before).toHaveLength(Object.keys(PLANTED).length);
  const changed = [
    ...before.filter((line) => !after.includes(line)),
    ...after.filter((line) => !before.includes(line)),
  ];
  const touched = new Set(changed.map((line) => line.split(" ")[0] ?? ""));
  return { ...ended, touched: [...touched, ...(visits > 0 ? ["a socket"] : [])].sort() };
}

describeOnPrivateMachine("a machine with cni-tap installed", () => {
  test("is neither read nor changed by the tests, and they pass on it", async () => {
    const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
    const { code, out, err, touched } = await runPlanted([
      ...asMyself,
      process.execPath,
      vitest,
      "run",
      ...SUITES,
    ]);
    expect(touched).toEqual([]);
    expect(code, out + err).toBe(0);
    expect(out).toMatch(new RegExp(`Test Files +${SUITES.length} passed`));
  });

  test("shows every file and socket that a tap or cnitap uses", async () => {
    const commands = [
      `echo '{"prevResult":{}}' | CNI_COMMAND=ADD CNI_CONTAINERID=c ${tapPath("post")}`,
      `${CNITAP} status`,
      `${CNITAP} observe --once`,
    ];
    const { touched } = await runPlanted(["sh", "-c", commands.join("; ")]);
    expect(touched).toEqual(
      [...Object.keys(PLANTED).filter((p) => !p.includes("results")), LOCK, "a socket"].sort(),
    );
  });
});
