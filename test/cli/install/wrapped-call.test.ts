import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Host, useHost } from "../support/host.ts";

/** A plugin that answers with its environment's CNI_PATH and its stdin, and an IPAM that it would start. */
const SCRIPT = `#!/bin/sh
printf '{"path":"%s","stdin":%s}' "$CNI_PATH" "$(cat)"
`;
const LINKS = "/opt/cni/bin/cni-tap";
const entry = { type: "main", mtu: 1400, ipam: { type: "host-local" } };

async function useWrapped(...args: string[]): Promise<Host> {
  const list = { cniVersion: "1.0.0", name: "n", plugins: [entry, { type: "portmap" }] };
  const host = useHost({ "10-n.conflist": JSON.stringify(list) });
  for (const name of ["main", "host-local", "loopback"]) host.write(`/opt/cni/bin/${name}`, SCRIPT, 0o755);
  expect(await host.cnitap("install", "--mode", "wrap", ...args)).toMatchObject({ code: 0, err: "" });
  return host;
}

/** Calls an executable of the host as a runtime does, and returns the plugin's answer. */
function call(host: Host, file: string, stdin: string, path: readonly string[]) {
  const env = {
    ...{ CNI_COMMAND: "ADD", CNI_CONTAINERID: "c", CNI_NETNS: "/n", CNI_IFNAME: "eth0", CNI_ARGS: "" },
    ...{ CNI_PATH: path.map(host.path).join(":"), PATH: process.env.PATH },
  };
  const out = execFileSync(host.path(file), { input: stdin, env, encoding: "utf8" });
  const { path: seen, stdin: given }: { path: string; stdin: unknown } = JSON.parse(out);
  return { path: seen.split(":").map((one) => one.slice(host.root.length)), given };
}

/** The request that libcni makes of the first entry of the host's list. */
function request(host: Host): string {
  const { name, cniVersion, plugins } = JSON.parse(host.read("/etc/cni/net.d/10-n.conflist"));
  const log = { logFile: host.path("/tmp/cni.log"), lockFile: host.path("/run/lock/cni.lock") };
  const [first] = plugins;
  return JSON.stringify({ ...first, cniTap: { ...first.cniTap, ...log }, name, cniVersion });
}

const given = { ...entry, name: "n", cniVersion: "1.0.0" };

test("a wrapped entry starts its plugin with the entry as it was", async () => {
  const host = await useWrapped();
  const answer = call(host, "/opt/cni/bin/cni_wrap", request(host), ["/opt/cni/bin"]);
  expect(answer).toEqual({ path: ["/opt/cni/bin"], given });
  expect(host.read("/tmp/cni.log").split("\n")).toHaveLength(3);
});

test("with --delegates its plugin finds the links first, and a link starts the delegate", async () => {
  const host = await useWrapped("--delegates");
  const { path } = call(host, "/opt/cni/bin/cni_wrap", request(host), ["/opt/cni/bin"]);
  expect(path).toEqual([LINKS, "/opt/cni/bin"]);
  const settings = {
    ...JSON.parse(host.read(join(LINKS, "cni-tap.json"))),
    logFile: host.path("/tmp/by-name.log"),
  };
  host.write(join(LINKS, "cni-tap.json"), JSON.stringify(settings));
  expect(call(host, `${LINKS}/host-local`, '{"x":1}', path).given).toEqual({ x: 1 });
  expect(host.read("/tmp/by-name.log")).toContain('"plugin":"host-local"');
});

test("a runtime that searches nothing but the links can call each of them, and a wrapped entry", async () => {
  const host = await useWrapped("--delegates", "all");
  host.write(join(LINKS, "cni-tap.json"), `{"logFile":"${host.path("/tmp/by-name.log")}"}`);
  expect(call(host, `${LINKS}/loopback`, "{}", [LINKS]).given).toEqual({});
  expect(call(host, `${LINKS}/cni_wrap`, request(host), [LINKS])).toEqual({
    ...{ path: [LINKS, "/opt/cni/bin"], given },
  });
});
