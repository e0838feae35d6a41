import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { loadTaps, loadUnit } from "../../src/machine/carried-taps.ts";
import { CALICO_FILE, CALICO_PATCHED, type Host, useHost } from "./support/host.ts";

const EXECUTABLE = "/usr/local/bin/cnitap-observe";
const UNIT = "/etc/systemd/system/cnitap-observe.service";
const WANTS = "/etc/systemd/system/multi-user.target.wants/cnitap-observe.service";
const PLUGIN = "/opt/nri/plugins/10-network-logger";
const OWN = Buffer.from(loadTaps()("cnitap-observe")).toString("latin1");
const OLD = "\0cni-tap program=cnitap-observe version=0.0.1\0";

const isThere = (host: Host, path: string) =>
  lstatSync(host.path(path), { throwIfNoEntry: false }) !== undefined;
const installed = (host: Host) => [EXECUTABLE, UNIT, WANTS, PLUGIN].filter((path) => isThere(host, path));

/** The findings of doctor's check, as "level: what is seen". */
async function findings(host: Host): Promise<string[]> {
  const { out } = await host.cnitap("doctor", "--json");
  const { checks }: { checks: { id: string; findings: { level: string; seen: string }[] }[] } =
    JSON.parse(out);
  return checks
    .filter(({ id }) => id === "observer")
    .flatMap((check) => check.findings.map(({ level, seen }) => `${level}: ${seen}`));
}

async function statusOf(host: Host) {
  return JSON.parse((await host.cnitap("status", "--json")).out).observer;
}

test("the unit that is carried is that of deploy/", () => {
  expect(loadUnit()).toBe(readFileSync(join(ROOT, "deploy/cnitap-observe.service"), "latin1"));
});

describe("install --observe", () => {
  test("makes it a service that starts with the machine, once, and uninstall takes it away", async () => {
    const host = useHost();
    const dry = await host.cnitap("install", "--observe", "--dry-run");
    expect(installed(host)).toEqual([]);
    const { code, out, err } = await host.cnitap("install", "--observe");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const path of [EXECUTABLE, UNIT]) {
      expect(dry.out).toContain(`write ${path}\n`);
      expect(out).toContain(`wrote ${path}\n`);
    }
    expect(out).toContain(`linked ${WANTS} to ${UNIT}\n`);
    const note =
      "Start the observer on the node: systemctl daemon-reload && systemctl restart cnitap-observe.service\n";
    expect(dry.out).toContain(note);
    expect(out).toContain(note);
    expect(installed(host)).toEqual([EXECUTABLE, UNIT, WANTS]);
    expect(host.read(EXECUTABLE)).toBe(OWN);
    expect(statSync(host.path(EXECUTABLE)).mode & 0o7777).toBe(0o755);
    expect(host.read(UNIT)).toBe(loadUnit());
    expect(statSync(host.path(UNIT)).mode & 0o7777).toBe(0o644);
    expect(readlinkSync(host.path(WANTS))).toBe(UNIT);
    const again = await host.cnitap("install", "--observe", "--json");
    expect(JSON.parse(again.out)).toMatchObject({ changed: false, steps: [], notes: [] });
    expect(await findings(host)).toEqual([]);

    const gone = await host.cnitap("uninstall");
    expect(gone.out).toContain(
      "Stop the observer on the node: systemctl stop cnitap-observe.service; systemctl daemon-reload\n",
    );
    expect(gone.out).toContain(`removed ${UNIT}\n`);
    expect(installed(host)).toEqual([]);
    expect(await statusOf(host)).toBeNull();
  });

  test("=nri makes it a plugin of the runtime's own directory instead, and back", async () => {
    const host = useHost();
    const plugin = "/opt/other/10-network-logger";
    host.write(
      "/etc/containerd/config.toml",
      "[plugins.'io.containerd.nri.v1.nri']\nplugin_path = '/opt/other'\n",
    );
    await host.cnitap("install", "--observe");
    const { out } = await host.cnitap("install", "--observe=nri");
    expect(out).toContain(`linked ${plugin} to ${EXECUTABLE}\n`);
    expect(out).toContain("The runtime starts the observer when it is started next.");
    expect(installed(host)).toEqual([EXECUTABLE]);
    expect(readlinkSync(host.path(plugin))).toBe(EXECUTABLE);
    expect((await statusOf(host)).links).toEqual([{ path: plugin, leadsTo: "observer" }]);
    expect(await findings(host)).toEqual([]);
    const { steps } = JSON.parse((await host.cnitap("install", "--observe=nri", "--json")).out);
    expect(steps).toEqual([]);
    await host.cnitap("install", "--observe=service");
    expect(installed(host)).toEqual([EXECUTABLE, UNIT, WANTS]);
    expect(readdirSync(host.path("/opt/other"))).toEqual([]);
  });

  test("replaces an older build and an older unit of its own", async () => {
    const host = useHost();
    await host.cnitap("install", "--observe");
    host.write(EXECUTABLE, OLD);
    host.write(UNIT, `${loadUnit()}# of an older version\n`);
    expect(await statusOf(host)).toMatchObject({
      executable: { path: EXECUTABLE, version: "0.0.1", state: "other" },
      unit: { path: UNIT, state: "other", enabled: true, active: null },
    });
    expect(await findings(host)).toEqual([
      `warning: ${EXECUTABLE} (version 0.0.1) is not the one that this cnitap installs`,
      `warning: ${UNIT} is of another version of cnitap, or was edited`,
    ]);
    expect((await host.cnitap("install", "--observe")).code).toBe(0);
    expect(host.read(EXECUTABLE)).toBe(OWN);
    expect(host.read(UNIT)).toBe(loadUnit());
  });

  test.each<[string, string, (host: Host) => void, string?]>([
    ["another program", EXECUTABLE, (host) => host.write(EXECUTABLE, "#!/bin/sh\n", 0o755)],
    ["a planted link", EXECUTABLE, (host) => link(host, EXECUTABLE, "/etc/passwd")],
    ["a directory", EXECUTABLE, (host) => mkdirSync(host.path(EXECUTABLE), { recursive: true })],
    ["a unit of the administrator's", UNIT, (host) => host.write(UNIT, "[Service]\nExecStart=/bin/true\n")],
    ["a masked unit", UNIT, (host) => link(host, UNIT, "/dev/null")],
    ["a file in place of the link that enables it", WANTS, (host) => host.write(WANTS, "")],
    ["another plugin", PLUGIN, (host) => host.write(PLUGIN, "", 0o755), "nri"],
    ["a link to another plugin", PLUGIN, (host) => link(host, PLUGIN, "/usr/bin/network-logger"), "nri"],
  ])("refuses %s at %s, and changes nothing", async (_, path, plant, mode = "service") => {
    const host = useHost();
    const before = host.read(CALICO_FILE);
    plant(host);
    const { code, err } = await host.cnitap("install", `--observe=${mode}`);
    expect(code).toBe(1);
    expect(err).toBe(
      `cnitap: Cannot install the observer: ${path} is there, and is not cnitap's\nMove it away, and try again. Nothing was changed.\n`,
    );
    expect(host.read(CALICO_FILE)).toBe(before);
    expect(existsSync(host.path("/opt/cni/bin/cni_pre"))).toBe(false);
    expect((await host.cnitap("install")).code).toBe(0); // without --observe nobody minds
    await host.cnitap("uninstall", "--purge");
    expect(isThere(host, path)).toBe(true);
  });

  test("refuses another way than the two", async () => {
    const { code, err } = await useHost().cnitap("install", "--observe=cron");
    expect(code).toBe(2);
    expect(err).toContain("Allowed choices are service, nri");
  });
});

function link(host: Host, path: string, target: string): void {
  host.write(`${path}.d/x`, "");
  rmSync(host.path(`${path}.d`), { recursive: true });
  symlinkSync(target, host.path(path));
}

describe("install without --observe", () => {
  test("leaves the observer, and so does uninstall of one network", async () => {
    const host = useHost();
    await host.cnitap("install", "--observe");
    await host.cnitap("install", "--mode", "post");
    await host.cnitap("install");
    expect(host.read(CALICO_FILE)).toBe(CALICO_PATCHED);
    await host.cnitap("uninstall", "--network", "k8s-pod-network");
    expect(installed(host)).toEqual([EXECUTABLE, UNIT, WANTS]);
  });
});

describe("install --observe --for", () => {
  test("takes the observer away with the taps", async () => {
    const host = useHost();
    expect((await host.cnitap("install", "--observe", "--for", "1s")).code).toBe(0);
    expect(installed(host)).toEqual([]);
  });
});

describe("uninstall", () => {
  test("leaves an executable without a unit, which may have been copied by hand; --purge removes it", async () => {
    const host = useHost();
    host.write(EXECUTABLE, OLD);
    await host.cnitap("uninstall");
    expect(installed(host)).toEqual([EXECUTABLE]);
    await host.cnitap("uninstall", "--purge");
    expect(installed(host)).toEqual([]);
  });

  test("--purge leaves one that a unit of the administrator's may start, and says why", async () => {
    const host = useHost();
    host.write(EXECUTABLE, OLD);
    host.write(UNIT, "[Service]\nExecStart=/usr/local/bin/cnitap-observe\n");
    const { out } = await host.cnitap("uninstall", "--purge");
    expect(out).toContain(`${EXECUTABLE} stays: ${UNIT} may start it, and is not cnitap's.\n`);
    expect(installed(host)).toEqual([EXECUTABLE, UNIT]);
  });

  test("--purge removes the copies that cnitap observe keeps, and nothing else there", async () => {
    const host = useHost();
    const copy = "/var/lib/cni-tap/cnitap-observe-0123456789abcdef";
    host.write(copy, OLD);
    host.write("/var/lib/cni-tap/cnitap-observe-notes", "");
    await host.cnitap("uninstall");
    expect(isThere(host, copy)).toBe(true);
    const { out } = await host.cnitap("uninstall", "--purge");
    expect(out).toContain(`removed ${copy}\n`);
    expect(readdirSync(host.path("/var/lib/cni-tap"))).toEqual(["cnitap-observe-notes"]);
  });
});

describe("status and doctor", () => {
  test("tell a unit without its executable, and a link that leads nowhere or to cnitap", async () => {
    const host = useHost();
    await host.cnitap("install", "--observe");
    rmSync(host.path(EXECUTABLE));
    expect(await findings(host)).toEqual([
      `error: ${UNIT} is there, and ${EXECUTABLE}, which it starts, is not`,
    ]);
    expect((await host.cnitap("status")).out).toContain(
      `${EXECUTABLE}: missing\n${UNIT}: enabled, state not known here\n`,
    );
    await host.cnitap("uninstall");
    link(host, PLUGIN, EXECUTABLE);
    expect(await findings(host)).toEqual([
      `error: ${PLUGIN} leads nowhere, so the runtime launches no observer`,
    ]);
    rmSync(host.path(PLUGIN));
    host.write("/usr/local/bin/cnitap", "");
    link(host, PLUGIN, "/usr/local/bin/cnitap");
    expect(await findings(host)).toEqual([
      expect.stringContaining(
        `warning: ${PLUGIN} leads to cnitap, which stays in memory beside the observer`,
      ),
    ]);
    expect((await host.cnitap("status")).out).toContain(`${PLUGIN}: leads to cnitap\n`);
  });
});
