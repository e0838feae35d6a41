import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { readNetwork } from "../../src/conflist/network.ts";
import { withoutTaps } from "../../src/conflist/patch.ts";
import { modeOf } from "../../src/conflist/tap-entries.ts";
import { asByteString } from "../../src/log/byte-string.ts";
import { withLock } from "../../src/machine/edit-lock.ts";
import { RECORD_PATH } from "../../src/machine/installation-record.ts";
import { howOften } from "../support/soak.ts";
import { CALICO, CALICO_FILE, CALICO_PATCHED, complete, useHost } from "./support/host.ts";
import { CNITAP, PRELOAD, runCnitap, start } from "./support/spawn.ts";

const STORM_MS = howOften(8_000, 120_000);
const variant = (number: number) => CALICO.replace('"mtu": 0', `"mtu": ${number}`);

test("install patches the new file if the file is replaced between read and write", async () => {
  const host = useHost();
  host.write("/new", variant(1400));
  const env = {
    NODE_OPTIONS: `--require=${PRELOAD}`,
    FS_REPLACE: `${host.path(CALICO_FILE)}:${host.path("/new")}`,
  };
  const { code, out, err } = await runCnitap(["install", "--json", "--host-root", host.root], env);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const paths: string[] = JSON.parse(out).steps.map(({ path }: { path: string }) => path);
  expect(new Set(paths).size).toBe(paths.length); // although the backup was written twice
  const network = readNetwork("10-calico.conflist", asByteString(host.read(CALICO_FILE)));
  expect(modeOf(network)).toBe("both");
  expect(withoutTaps(network)).toBe(variant(1400));
  expect(host.read("/etc/cni/net.d/.10-calico.conflist.cni-tap-bak")).toBe(variant(1400));
});

test("install makes the list again if its single plugin is replaced meanwhile", async () => {
  const plugin = (mtu: number) => `{"cniVersion":"1.0.0","name":"s","type":"ptp","mtu":${mtu}}`;
  const host = useHost({ "10-s.conf": plugin(1) });
  host.write("/new", plugin(2));
  const made = "/etc/cni/net.d/10-cni-tap-s.conflist";
  const env = {
    NODE_OPTIONS: `--require=${PRELOAD}`,
    FS_REPLACE: `${join(host.confDir, "10-s.conf")}:${host.path("/new")}:${host.path(made)}`,
  };
  expect(await runCnitap(["install", "--host-root", host.root], env)).toMatchObject({ code: 0, err: "" });
  expect(existsSync(host.path("/new"))).toBe(false); // it was replaced
  expect(host.read(made)).toContain(plugin(2));
  complete(host);
  expect((await host.cnitap("doctor")).code).toBe(0);
});

test("two networks installed at once are both in the record", async () => {
  const text = (name: string) => CALICO.replace("k8s-pod-network", name);
  const host = useHost({ "10-a.conflist": text("a"), "20-b.conflist": text("b") });
  const running = await withLock(
    host.confDir,
    () => {},
    async () => {
      const both = ["a", "b"].map((name) =>
        start(CNITAP, ["install", "--host-root", host.root, "--network", name]),
      );
      // Both have made their plans from the same empty record.
      await waitFor("both to wait", () => both.every(({ said }) => said().includes("waiting for")));
      return both;
    },
  );
  for (const { ended } of running) expect(await ended).toMatchObject({ code: 0 });
  const { networks }: { networks: { network: string }[] } = JSON.parse(host.read(RECORD_PATH));
  expect(networks.map(({ network }) => network).sort()).toEqual(["a", "b"]);
});

test("two installations and a rewriter at once leave a valid file with taps", async () => {
  const host = useHost();
  const file = host.path(CALICO_FILE);
  const written = new Set([CALICO]);
  let stop = false;
  const rewrite = async () => {
    for (let number = 1; !stop; number++) {
      const text = variant(number);
      written.add(text);
      writeFileSync(`${file}.tmp`, text);
      renameSync(`${file}.tmp`, file);
      await delay(number % 7 === 0 ? 150 : 15);
    }
  };
  let good = 0;
  const install = async () => {
    while (!stop) {
      const { code, err } = await runCnitap(["install", "--host-root", host.root]);
      if (code === 0) good++;
      else expect(err).toContain("they were replaced 20 times meanwhile");
    }
  };
  let looks = 0;
  const look = async () => {
    while (!stop) {
      const network = readNetwork("10-calico.conflist", asByteString(readFileSync(file, "latin1")));
      expect(written).toContain(withoutTaps(network));
      looks++;
      await delay(1);
    }
  };
  const end = delay(STORM_MS).then(() => {
    stop = true;
  });
  await Promise.all([end, rewrite(), install(), install(), look()]);
  expect(good).toBeGreaterThan(2);
  expect(looks).toBeGreaterThan(100);
  await Promise.all([
    runCnitap(["install", "--host-root", host.root]),
    runCnitap(["install", "--host-root", host.root]),
  ]);
  const network = readNetwork("10-calico.conflist", asByteString(host.read(CALICO_FILE)));
  expect(modeOf(network)).toBe("both");
  expect(written).toContain(withoutTaps(network));
  expect((await runCnitap(["status", "--host-root", host.root])).code).toBe(0);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("install --for uninstalls at %s", async (signal) => {
  const host = useHost();
  const running = start(CNITAP, ["install", "--host-root", host.root, "--for", "1h"]);
  await waitFor("the taps in the network", () => host.read(CALICO_FILE) !== CALICO);
  await waitFor("the end of the edit", async () => {
    const status = await host.cnitap("doctor", "--json");
    const checks: { id: string; findings: unknown[] }[] = JSON.parse(status.out).checks;
    return checks.every(({ id, findings }) => id !== "edit-lock" || findings.length === 0);
  });
  running.kill(signal);
  const { code, out } = await running.ended;
  expect(code).toBe(0);
  expect(out).toContain("Uninstalled from the network k8s-pod-network");
  expect(host.read(CALICO_FILE)).toBe(CALICO);
});

test("install --for uninstalls when the time is over", async () => {
  const host = useHost();
  expect(await runCnitap(["install", "--host-root", host.root, "--for", "1s"])).toMatchObject({ code: 0 });
  expect(host.read(CALICO_FILE)).toBe(CALICO);
});

test("install --for removes only its own taps, and leaves another network's and the executables", async () => {
  const host = useHost({
    "10-calico.conflist": CALICO,
    "20-b.conflist": CALICO.replace("k8s-pod-network", "b"),
  });
  await host.cnitap("install", "--network", "b");
  const before = host.read("/etc/cni/net.d/20-b.conflist");
  expect(await runCnitap(["install", "--host-root", host.root, "--for", "1s"])).toMatchObject({ code: 0 });
  expect(host.read(CALICO_FILE)).toBe(CALICO);
  expect(host.read("/etc/cni/net.d/20-b.conflist")).toBe(before);
  expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(true);
});

test("install reads an incomplete file again before it fails", async () => {
  const host = useHost();
  const file = host.path(CALICO_FILE);
  host.write("/whole", CALICO);
  writeFileSync(file, CALICO.slice(0, 300));
  // The survey and the plan read it incomplete; after that it is complete.
  const env = { NODE_OPTIONS: `--require=${PRELOAD}`, FS_MEND: `${file}:${host.path("/whole")}` };
  const args = ["install", "--force", "--network", "k8s-pod-network", "--conf-dir", "/etc/cni/net.d"];
  expect(await runCnitap([...args, "--host-root", host.root], env)).toMatchObject({ code: 0, err: "" });
  expect(existsSync(host.path("/whole"))).toBe(false);
  expect(host.read(CALICO_FILE)).toBe(CALICO_PATCHED);
});
