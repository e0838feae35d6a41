import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { lockPath, ownerPath } from "../../src/machine/edit-lock.ts";
import { RECORD_PATH } from "../../src/machine/installation-record.ts";
import { findLeftovers, removeLeftovers } from "../../src/machine/leftovers.ts";
import { takeSurvey } from "../../src/machine/survey.ts";
import { CALICO_FILE, useHost } from "../cli/support/host.ts";

const TEMPS = [
  "/etc/cni/net.d/.10-calico.conflist.cni-tap-tmp",
  "/opt/cni/bin/.cni_pre.cni-tap-tmp",
  "/var/lib/cni-tap/.wanted.json.cni-tap-tmp",
  "/usr/local/bin/.cnitap-observe.cni-tap-tmp",
  "/etc/systemd/system/.cnitap-observe.service.cni-tap-tmp",
];

test("temporary files are found in all directories and removed, and no other files", async () => {
  const host = useHost();
  const survey = () => takeSurvey({ hostRoot: host.root });
  expect(findLeftovers(await survey())).toEqual([]);
  host.write("/opt/cni/bin/cni_pre", "");
  host.write(RECORD_PATH, '{"v":1,"networks":[]}');
  for (const path of TEMPS) host.write(path, "half");
  expect(findLeftovers(await survey())).toEqual(TEMPS.map(host.path));
  removeLeftovers(await survey());
  expect(findLeftovers(await survey())).toEqual([]);
  for (const path of [CALICO_FILE, "/opt/cni/bin/cni_pre", RECORD_PATH]) {
    expect(existsSync(host.path(path)), path).toBe(true);
  }
});

test("a lock and its owner file are found but not removed, as their command may be running", async () => {
  const host = useHost();
  const locks = [lockPath(host.confDir), ownerPath(host.confDir)];
  host.write("/etc/cni/net.d/.cni-tap.lock", "");
  host.write("/etc/cni/net.d/.cni-tap.lock-owner", "");
  const survey = await takeSurvey({ hostRoot: host.root });
  removeLeftovers(survey);
  expect(findLeftovers(survey)).toEqual(locks);
});

test.each(TEMPS)("install removes %s even if there is nothing else to do", async (path) => {
  const host = useHost();
  await host.cnitap("install");
  host.write(path, "half");
  expect((await host.cnitap("install")).out).toContain("Nothing to do");
  expect(existsSync(host.path(path))).toBe(false);
});
