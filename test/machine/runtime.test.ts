import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { Root } from "../../src/machine/root.ts";
import { askRuntime, findRuntime, type Runtime, waitForRuntime } from "../../src/machine/runtime.ts";
import { useContainerd } from "../cli/support/containerd.ts";
import { CALICO, CALICO_FILE, CALICO_PATCHED, type Host, useHost } from "../cli/support/host.ts";

const CONTAINERD = "/run/containerd/containerd.sock";
const K3S = "/run/k3s/containerd/containerd.sock";
const CRIO = "/var/run/crio/crio.sock";

/** A server on a socket that is not a runtime, until the test ends or `leave` is called. */
async function useStranger(host: Host, socket: string) {
  mkdirSync(dirname(host.path(socket)), { recursive: true });
  let visits = 0;
  const server = createServer((peer) => {
    visits++;
    peer
      .on("error", () => {})
      .resume()
      .end("HTTP/1.1 400 no\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(host.path(socket), resolve));
  const leave = () => new Promise<void>((resolve) => server.close(() => resolve()));
  onTestFinished(() => void leave());
  return { visits: () => visits, leave };
}

const found = async (host: Host, endpoint?: string) =>
  (await findRuntime(new Root(host.root), endpoint))?.socket ?? null;

describe("findRuntime", () => {
  test("returns what the runtime reads and has loaded", async () => {
    const host = useHost();
    await useContainerd(host, { binDirs: ["/a", "/b"], maxConfNum: 0, loadStatus: "é: no" });
    expect(await findRuntime(new Root(host.root))).toEqual({
      ...{ socket: CONTAINERD, name: "containerd", version: "v2.1.9" },
      cni: {
        ...{ confDir: "/etc/cni/net.d", binDirs: ["/a", "/b"], maxConfNum: 0, loadStatus: "é: no" },
        networks: [{ name: "k8s-pod-network", source: CALICO, types: ["calico", "portmap", "bandwidth"] }],
      },
    });
  });

  test("fills in missing fields, and returns null without CNI facts, as of CRI-O", async () => {
    const cniOf = async (cniConfig: string | null) => {
      const host = useHost();
      await useContainerd(host, { cniConfig });
      return (await findRuntime(new Root(host.root)))?.cni;
    };
    const bare = { confDir: "", binDirs: [], maxConfNum: 1, networks: null, loadStatus: "OK" };
    expect(await cniOf("{}")).toEqual(bare);
    expect(await cniOf('{"PluginDirs":null,"Networks":null}')).toEqual(bare);
    const unnamed = { name: "", source: "", types: [] };
    const networks = await cniOf(
      '{"Networks":[{},{"Config":null},{"Config":{"Plugins":[{"Network":null}]}}]}',
    );
    expect(networks?.networks).toEqual([unnamed, unnamed, { ...unnamed, types: [""] }]);
    for (const none of [null, "", "null"]) expect(await cniOf(none)).toBeNull();
  });

  test("returns the first known runtime that answers", async () => {
    const host = useHost();
    expect(await found(host)).toBeNull();
    await useContainerd(host, { name: "cri-o" }, CRIO);
    expect(await found(host)).toBe(CRIO);
    await useStranger(host, CONTAINERD);
    expect(await found(host)).toBe(CRIO);
    await useContainerd(host, {}, K3S);
    expect(await found(host)).toBe(K3S);
    expect(await found(host, CRIO)).toBe(CRIO);
    expect(await found(host, `unix://${CRIO}`)).toBe(CRIO);
    await expect(found(host, CONTAINERD)).rejects.toThrow("Specify its socket with --runtime-endpoint.");
  });
});

describe("waitForRuntime", () => {
  const patched = ({ cni }: Runtime) => cni?.networks?.[0]?.source === CALICO_PATCHED;

  test("ends when the runtime has loaded the network, even if it was away for a while", async () => {
    const host = useHost();
    const root = new Root(host.root);
    const containerd = await useContainerd(host);
    const before = await askRuntime(root, CONTAINERD);
    await containerd.stop();
    const stranger = await useStranger(host, CONTAINERD);
    const waiting = waitForRuntime(root, before, patched, 60_000);
    await waitFor("an unanswered question", () => stranger.visits() > 0);
    await stranger.leave();
    host.write(CALICO_FILE, CALICO_PATCHED);
    await useContainerd(host);
    expect(await waiting).toMatchObject({ met: true, runtime: { version: "v2.1.9" } });
  });

  test("returns the last answer if the network is not loaded in time", async () => {
    const host = useHost();
    const root = new Root(host.root);
    await useContainerd(host, { loads: false, loadStatus: "broken" });
    const before = await askRuntime(root, CONTAINERD);
    host.write(CALICO_FILE, CALICO_PATCHED);
    const { met, runtime } = await waitForRuntime(root, before, patched, 100);
    expect({ met, status: runtime.cni?.loadStatus }).toEqual({ met: false, status: "broken" });
  });
});
