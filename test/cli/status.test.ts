import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asByteString } from "../../src/log/byte-string.ts";
import { LINE_TEXTS } from "../../src/log/line-texts.ts";
import { jsonPodLine } from "../../src/log/pod-line.ts";
import { formatTime } from "../../src/log/time.ts";
import { CALICO_FILE, useHost } from "./support/host.ts";

const bytes = asByteString;
const POD = {
  ...{ id: bytes("9f75"), namespace: bytes("default"), name: bytes("web-0"), uid: bytes("u"), netns: null },
  ...{ ips: [], labels: [] },
};

describe("status", () => {
  test("exits with 3 before the installation, 0 after it, and 3 after uninstall", async () => {
    const host = useHost();
    expect(await host.cnitap("status")).toMatchObject({ code: 3, out: expect.stringContaining("no taps") });
    await host.cnitap("install");
    const line = jsonPodLine(
      "Vanished",
      POD,
      { time: formatTime([1_795_238_555, 635_892]), label: null },
      LINE_TEXTS,
      true,
    );
    host.write("/tmp/cni.log", line, 0o600);
    const { code, out } = await host.cnitap("status");
    expect(code).toBe(0);
    expect(out).toContain("plugins  [cni_pre] → calico → portmap → bandwidth → [cni_post]");
    expect(out).toContain(`/tmp/cni.log: ${line.length} bytes, last line 2026-11-21T05:22:35.635892Z`);
    expect(out).toContain("the one that this cnitap installs");
    await host.cnitap("uninstall");
    expect((await host.cnitap("status")).code).toBe(3);
  });

  test("exits with 1 if an executable is missing or no network can be loaded", async () => {
    const host = useHost();
    await host.cnitap("install");
    rmSync(host.path("/opt/cni/bin/cni_post"));
    expect(await host.cnitap("status")).toMatchObject({
      code: 1,
      out: expect.stringContaining("cni_post: missing"),
    });
    host.write(CALICO_FILE, "{");
    const { code, out } = await host.cnitap("status");
    expect(code).toBe(1);
    expect(out).toContain("broken JSON at line 1, column 2");
  });

  test("--json has all facts", async () => {
    const host = useHost();
    await host.cnitap("install", "--mode", "drop-in", "--force");
    host.write("/opt/cni/bin/cni_post", "#!another", 0o755);
    const { code, out } = await host.cnitap("status", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      confDir: "/etc/cni/net.d",
      runtime: null,
      networks: [
        {
          name: "k8s-pod-network",
          file: "10-calico.conflist",
          usedBy: ["containerd", "CRI-O"],
          plugins: ["calico", "portmap", "bandwidth", "cni_post"],
          wrapped: [],
          mode: "drop-in",
          logs: [{ path: "/tmp/cni.log", bytes: 0, lastLine: null }],
        },
      ],
      withoutNetwork: [],
      broken: [],
      executables: [
        { type: "cni_pre", path: "/opt/cni/bin/cni_pre", version: null, state: "missing" },
        { type: "cni_post", path: "/opt/cni/bin/cni_post", version: null, state: "other" },
      ],
      observer: null,
    });
  });
});

test("a FIFO in the log's place does not block status", async () => {
  const host = useHost();
  await host.cnitap("install");
  rmSync(host.path("/tmp/cni.log"));
  execFileSync("mkfifo", [host.path("/tmp/cni.log")]);
  const { out } = await host.cnitap("status");
  expect(out).toContain("/tmp/cni.log: not there yet");
});

test("file names with control sequences are escaped on the terminal", async () => {
  const host = useHost({
    "10-\x1b[31m.conflist": '{"name":"a\\u001b[2Jb","plugins":[{"type":"x\\u202ey"}]}',
  });
  for (const command of ["status", "doctor", "install"]) {
    const { out, err } = await host.cnitap(command);
    expect(out + err).toContain("\\x1b");
    expect(/[^\n\P{C}]/u.test(out + err)).toBe(false);
  }
});
