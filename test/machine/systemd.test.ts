import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Root } from "../../src/machine/root.ts";
import { readService } from "../../src/machine/systemd.ts";
import { useHost } from "../cli/support/host.ts";
import { describeInMounts } from "../cli/support/mounts.ts";
import { CNITAP, start } from "../cli/support/spawn.ts";
import { useScratch } from "../support/scratch.ts";

/** Mounts that make this machine one that systemd runs, where cnitap was never installed. */
const MOUNTS = `set -e
for folder in /run /usr/local/bin /var/lib /etc; do mount -t tmpfs tmpfs $folder; done
mkdir -p /run/systemd/system
set +e`;

test("another root's services are not asked for", () => {
  expect(readService(new Root(useScratch().folder), "x.service")).toBeNull();
});

describeInMounts("on a machine that systemd runs", () => {
  /**
   * Runs commands of cnitap. In place of systemctl, since tests have no systemd: a program that notes how it is called and
   * answers as systemctl does. $state is what \`show\` prints.
   */
  async function run(commands: string, state: string, fails = "") {
    const host = useHost();
    const { folder, path } = useScratch();
    const script = `#!/bin/sh
echo "$*" >>${path("calls")}
[ "$1" = show ] && printf '%s' '${state}'
if [ "$1" = "${fails}" ]; then echo "Failed to $1: no" >&2; exit 1; fi
exit 0
`;
    writeFileSync(path("systemctl"), script);
    chmodSync(path("systemctl"), 0o755);
    const options = `--conf-dir ${host.confDir} --bin-dir ${host.path("/opt/cni/bin")}`;
    const shell = `${MOUNTS}; cnitap() { command=$1; shift; ${CNITAP} "$command" ${options} "$@"; }; ${commands}`;
    const unshare = process.getuid?.() === 0 ? ["-m"] : ["-r", "-m"];
    const ended = await start("unshare", [...unshare, "sh", "-c", shell], {
      PATH: `${folder}:${process.env.PATH}`,
    }).ended;
    const calls = existsSync(path("calls")) ? readFileSync(path("calls"), "utf8").split("\n") : [];
    return { ...ended, calls: calls.filter((one) => one !== "" && !one.startsWith("show")) };
  }

  const install = "cnitap install --observe --log-file /var/lib/cni.log";
  const inactive = "ActiveState=inactive\nMainPID=0\nNeedDaemonReload=no\n";

  test("install --observe starts the service, and uninstall stops it before it removes it", async () => {
    const commands = `${install}; ${install} --dry-run; cnitap doctor; cnitap uninstall; ls /etc/systemd/system /usr/local/bin`;
    const { code, out, calls, err } = await run(commands, inactive);
    expect(code, err).toBe(0);
    expect(calls).toEqual([
      "daemon-reload",
      "restart cnitap-observe.service",
      "stop cnitap-observe.service",
      "daemon-reload",
    ]);
    expect(out).toContain("  ran systemctl daemon-reload\n  ran systemctl restart cnitap-observe.service\n");
    expect(out).toContain("run systemctl restart cnitap-observe.service\n"); // it does not run yet
    expect(out).toContain(
      "error    /etc/systemd/system/cnitap-observe.service is inactive: no pod events are logged\n",
    );
    expect(out).toContain(
      "  ran systemctl stop cnitap-observe.service\n  removed /usr/local/bin/cnitap-observe\n",
    );
    expect(out.endsWith("/etc/systemd/system:\nmulti-user.target.wants\n\n/usr/local/bin:\n")).toBe(true);
  });

  test("a service that cannot be started is told with what systemctl says, and can be tried again", async () => {
    const { code, err, calls } = await run(`${install}; ${install}`, inactive, "restart");
    expect(code).toBe(1);
    const said = "cnitap: Cannot run systemctl restart cnitap-observe.service: Failed to restart: no\n";
    expect(err).toBe(said + said);
    expect(calls).toHaveLength(4);
  });
});
