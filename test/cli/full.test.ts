import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { CALICO, CALICO_FILE, useHost } from "./support/host.ts";
import { describeInMounts, runInMountsAnd } from "./support/mounts.ts";

/** Commands that mount a small tmpfs with the directory's files over a directory, and fill it. */
function full(directory: string): string {
  return [
    `cp -a "$root${directory}" "$root/copy"`,
    `mount -t tmpfs -o size=256k tmpfs "$root${directory}"`,
    `cp -a "$root/copy/." "$root${directory}"`,
    `head -c 1m /dev/zero >"$root${directory}/fill" 2>/dev/null || true`,
  ].join("; ");
}

describeInMounts("a full disk leaves the network unchanged and no temporary file", () => {
  test.each(["/etc/cni/net.d", "/opt/cni/bin", "/var/lib", "/usr/local/bin"])("%s", async (directory) => {
    const host = useHost();
    mkdirSync(host.path("/usr/local/bin"), { recursive: true });
    const look = `cat "$root${CALICO_FILE}"; find "$root" -name "*tmp" ! -path "$root/tmp"`;
    const { code, err, out } = await runInMountsAnd(host, full(directory), look, "install", "--observe");
    expect(err).toMatch(/^cnitap: Cannot .*: no space left on the device\n/);
    expect(code).toBe(1);
    expect(out).toBe(CALICO);
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    if (directory === "/usr/local/bin") expect(readdirSync(host.path(directory))).toEqual([]);
    expect(await host.cnitap("install", "--observe")).toMatchObject({ code: 0 }); // there is room outside the mounts
  });
});

describeInMounts("on a read-only directory of networks", () => {
  test.each(["install", "uninstall"])("%s reports that and changes nothing", async (command) => {
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
