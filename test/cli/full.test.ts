import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { CALICO, CALICO_FILE, useHost } from "./support/host.ts";
import { describeInMounts, runInMountsAnd } from "./support/mounts.ts";

/** Mounts a small tmpfs over a directory with the directory's files in it, and leaves no room. */
function full(folder: string): string {
  return [
    `cp -a "$root${folder}" "$root/copy"`,
    `mount -t tmpfs -o size=256k tmpfs "$root${folder}"`,
    `cp -a "$root/copy/." "$root${folder}"`,
    `head -c 1m /dev/zero >"$root${folder}/fill" 2>/dev/null || true`,
  ].join("; ");
}

describeInMounts("a full disk leaves the network as it is, and nothing half-made", () => {
  test.each(["/etc/cni/net.d", "/opt/cni/bin", "/var/lib"])("%s", async (folder) => {
    const host = useHost();
    const look = `cat "$root${CALICO_FILE}"; find "$root" -name "*tmp" ! -path "$root/tmp"`;
    const { code, err, out } = await runInMountsAnd(host, full(folder), look, "install");
    expect(err).toMatch(/^cnitap: Cannot .*: no space left on the device\n/);
    expect(code).toBe(1);
    expect(out).toBe(CALICO);
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    expect(await host.cnitap("install")).toMatchObject({ code: 0 }); // outside of the mounts there is room
  });
});

describeInMounts("a read-only folder of networks", () => {
  test.each(["install", "uninstall"])("%s says so and changes nothing", async (command) => {
    const host = useHost();
    if (command === "uninstall") await host.cnitap("install");
    const before = host.read(CALICO_FILE);
    const readOnly = 'mount --bind "$root/etc" "$root/etc"; mount -o remount,ro,bind "$root/etc"';
    const { code, err } = await runInMountsAnd(host, readOnly, "true", command);
    expect(code).toBe(1);
    expect(err).toMatch(/^cnitap: Cannot lock .*\/etc\/cni\/net\.d: the file system is read-only\n/);
    expect(host.read(CALICO_FILE)).toBe(before);
    expect(readdirSync(host.path("/opt/cni/bin")).some((name) => name.startsWith("."))).toBe(false);
    expect(existsSync(host.path("/var/lib/cni-tap/wanted.json"))).toBe(command === "uninstall");
  });
});
