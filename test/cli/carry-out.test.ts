import { describe, expect, test } from "vitest";
import { retryWhileFilesChange } from "../../src/cli/carry-out.ts";
import { CliError } from "../../src/cli/cli-error.ts";
import { type RuntimeFacts, useContainerd } from "./support/containerd.ts";
import { CALICO, CALICO_PATCHED, type Host, type Ran, useHost } from "./support/host.ts";

const TAPPED = ["cni_pre", "calico", "portmap", "bandwidth", "cni_post"];
/** The answer of a runtime that has loaded this, whatever is in its directory. */
const loaded = (source: string, ...types: string[]) =>
  JSON.stringify({
    ...{ PluginConfDir: "/etc/cni/net.d", PluginDirs: ["/opt/cni/bin"], PluginMaxConfNum: 1 },
    Networks: [
      {
        Config: {
          ...{ Name: "k8s-pod-network", Source: source },
          Plugins: types.map((type) => ({ Network: { type } })),
        },
      },
    ],
  });

test("retryWhileFilesChange makes a failing plan four times, and does not retry other errors", async () => {
  let made = 0;
  const failing = (times: number, error: Error) => () => {
    if (++made <= times) throw error;
    return made;
  };
  const half = new CliError("half a file");
  expect(await retryWhileFilesChange(failing(3, half))).toBe(4);
  made = 0;
  await expect(retryWhileFilesChange(failing(9, half))).rejects.toBe(half);
  expect(made).toBe(4);
  made = 0;
  await expect(retryWhileFilesChange(failing(9, new TypeError("x")))).rejects.toThrow(TypeError);
  expect(made).toBe(1);
});

async function hostWith(facts: RuntimeFacts): Promise<Host> {
  const host = useHost();
  await useContainerd(host, facts);
  return host;
}

describe("a runtime that loads the network", () => {
  test("is waited for and reported", async () => {
    const host = await hostWith({});
    const installed = await host.cnitap("install", "--json");
    expect(installed).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(installed.out)).toMatchObject({
      ...{ changed: true, confDir: "/etc/cni/net.d", file: "10-calico.conflist", binDir: "/opt/cni/bin" },
      ...{ network: "k8s-pod-network", mode: "both" },
      runtime: { name: "containerd", version: "v2.1.9", loaded: true },
    });
    expect((await host.cnitap("install")).out).toContain("containerd v2.1.9 has loaded it.\n");
    expect(JSON.parse((await host.cnitap("install", "--json")).out)).toMatchObject({
      changed: false,
      steps: [],
    });
    const gone = await host.cnitap("uninstall", "--json");
    expect(gone).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(gone.out)).toMatchObject({
      networks: [{ network: "k8s-pod-network", file: "10-calico.conflist", original: true }],
      ...{ changed: true, runtime: { name: "containerd", version: "v2.1.9", loaded: true } },
    });
  });

  test("from another directory is not waited for", async () => {
    const host = useHost();
    host.write("/else/1.conflist", CALICO);
    await useContainerd(host, { confDir: "/else" });
    const { code, out } = await host.cnitap("install", "--conf-dir", "/etc/cni/net.d");
    expect(code).toBe(0);
    expect(out).toContain(
      "containerd v2.1.9 does not report whether it has loaded /etc/cni/net.d: not checked.\n",
    );
  });
});

describe("a runtime that does not load the network within five seconds", () => {
  const notLoaded = (ran: Ran, why: string) => {
    expect(ran).toMatchObject({ code: 3, err: "" });
    expect(ran.out).toContain(`containerd v2.1.9 has not loaded it: ${why}\nSee its journal; `);
  };

  test("makes install exit with 3 and show the runtime's status", async () => {
    const text = await hostWith({ cniConfig: loaded(CALICO, ...TAPPED) });
    const taps = await hostWith({ cniConfig: loaded(CALICO_PATCHED, ...TAPPED.slice(1)) });
    const none = await hostWith({ loads: false, loadStatus: "cni config \x1b[2J load failed" });
    const silent = await hostWith({ loads: false, loadStatus: "" });
    const dropIn = await hostWith({ cniConfig: loaded(CALICO, "calico", "portmap", "bandwidth") });
    const ran = await Promise.all([
      ...[text, taps, none, silent].map((host) => host.cnitap("install")),
      dropIn.cnitap("install", "--mode", "drop-in"),
    ]);
    const escaped = "cni config \\x1b[2J load failed";
    ["OK", "OK", escaped, "it does not say why", "OK"].forEach((why, at) => {
      notLoaded(ran[at] ?? { code: 0, out: "", err: "" }, why);
    });
    expect(dropIn.read("/etc/cni/net.d/k8s-pod-network/99-cni_post.conf")).toContain("cni_post");
  });

  test("makes uninstall exit with 3, also with --json", async () => {
    const host = useHost({ "10-calico.conflist": CALICO_PATCHED });
    const other = useHost({ "10-calico.conflist": CALICO_PATCHED });
    for (const one of [host, other]) await useContainerd(one, { loads: false });
    const [words, json] = await Promise.all([host.cnitap("uninstall"), other.cnitap("uninstall", "--json")]);
    notLoaded(words, "OK");
    expect(json.code).toBe(3);
    expect(JSON.parse(json.out).runtime).toEqual({ name: "containerd", version: "v2.1.9", loaded: false });
    expect(host.read("/etc/cni/net.d/10-calico.conflist")).toBe(CALICO);
  });
});
