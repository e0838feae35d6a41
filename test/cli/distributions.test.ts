import { expect, test } from "vitest";
import { listenAt } from "../support/listen.ts";
import { useContainerd } from "./support/containerd.ts";
import { DISTRIBUTIONS, type Distribution } from "./support/distributions.ts";
import { type Host, useHost } from "./support/host.ts";
import { idOf, makeOld, writePod, writeProcess, writeSystem } from "./support/node-files.ts";

const PODS = [2, 3, 4, 5];

/** A healthy node of a distribution, with four pods. */
async function nodeOf(one: Distribution): Promise<Host> {
  const host = useHost({});
  writeSystem(host);
  host.write(`${one.confDir}/${one.file}`, JSON.stringify(one.list));
  const types = [...JSON.stringify(one.list).matchAll(/"type":"([\w-]+)"/g)].map(([, type]) => type);
  for (const type of [...types, "loopback", "bridge"])
    host.write(`${one.binDir}/${type}`, "#!/bin/sh\n", 0o755);
  for (const tool of ["iptables", "ip6tables"]) host.write(`${one.tools}/${tool}`, "", 0o755);
  host.write("/bin/sh", "", 0o755);
  for (const [path, text] of Object.entries(one.files ?? {})) host.write(path, text, 0o600);
  for (const path of one.daemons ?? []) await listenAt(host.path(path));
  writeProcess(host, 500, one.command, one.path);
  for (const n of PODS)
    writePod(host, { n, list: one.list, dataDir: one.dataDir, addresses: [`${one.subnet}.${n}`] });
  const { confDir, runtime: name } = one;
  const pods = PODS.map((n) => ({ id: idOf(n), namespace: "default", name: `web-${n}` }));
  const cni = name === "containerd" ? {} : { cniConfig: null };
  await useContainerd(host, { name, confDir, binDirs: [one.binDir], pods, ...cni }, one.socket);
  return host;
}

test.each(DISTRIBUTIONS.map((one) => [one.name, one] as const))("%s: a healthy node", async (_, one) => {
  const host = await nodeOf(one);
  const doctor = await host.cnitap("doctor");
  const own = /^warning {2}\/tmp\/cni\.log is on tmpfs: .*$/m; // of this machine, where the node's files are
  expect(doctor.out.replace(own, "")).not.toMatch(/^(error|warning) /m);
  expect(doctor.code).toBe(0);
  const audit = () => host.cnitap("audit", "--node", "--json", "--again", "0");
  expect(await audit()).toMatchObject({ code: 0, out: "" });
  expect((await audit()).err).toContain(`4 pods of ${one.runtime}`);

  // The same node after a reboot: what is there is read where this distribution has it.
  if (one.dataDir === null) return;
  const path = `${one.dataDir}/${one.list.name}/${one.subnet}.9`;
  host.write(path, `${idOf(9)}\r\neth0`);
  makeOld(host, path);
  const found = JSON.parse((await audit()).out);
  expect(found).toMatchObject({ code: "ipam-stale", network: one.list.name, files: [path] });
});
