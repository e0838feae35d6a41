import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { isNetworkMount, type Mount, mountOf } from "../../src/machine/mounts.ts";
import { Root } from "../../src/machine/root.ts";
import { describeOnPrivateMachine, unshare } from "../support/private-mounts.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";

/** Starts a process with mounts of its own, and returns its root. */
async function useMounts(scratch: Scratch, script: string): Promise<Root> {
  const [command = "", ...args] = [...unshare, "sh", "-ec", `cd "$0"; ${script}; echo ready; exec cat`];
  const child = spawn(command, [...args, scratch.folder], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.stdin.end();
    await ended;
  });
  await Promise.race([once(child.stdout, "data"), ended]);
  return new Root(`/proc/${child.pid}/root`);
}

describeOnPrivateMachine("the mount of a path", () => {
  test("is the one with the longest path that contains it", async () => {
    const scratch = useScratch();
    for (const name of ["a/in", "ab", "a/in/deep"]) mkdirSync(scratch.path(name), { recursive: true });
    const root = await useMounts(
      scratch,
      "mount -t tmpfs -o noexec one a; mkdir a/in; mount -t tmpfs -o nosuid two a/in",
    );
    const point = (name: string) => mountOf(root, scratch.path(name))?.point;
    expect(point("a")).toBe(scratch.path("a"));
    expect(point("a/x/not/there")).toBe(scratch.path("a"));
    expect(point("a/in/x")).toBe(scratch.path("a/in"));
    expect(point("a/input")).toBe(scratch.path("a"));
    expect(scratch.path("ab").startsWith(`${point("ab")}`)).toBe(true);
    expect(point("ab")).not.toBe(scratch.path("a"));
    expect(mountOf(root, scratch.path("a"))).toMatchObject({ type: "tmpfs" });
    expect(mountOf(root, scratch.path("a"))?.options).toContain("noexec");
    expect(mountOf(root, scratch.path("a/in"))?.options).not.toContain("noexec");
  });

  test("is the later of two at the same place, also with white space in its path", async () => {
    const scratch = useScratch();
    mkdirSync(scratch.path("a b\tc"));
    const twice = `mount -t tmpfs -o noexec one "$1"; mount -t tmpfs two "$1"`;
    const root = await useMounts(scratch, `set -- "$(printf 'a b\\tc')"; ${twice}`);
    const mount = mountOf(root, scratch.path("a b\tc/x"));
    expect(mount).toMatchObject({ point: scratch.path("a b\tc"), type: "tmpfs" });
    expect(mount?.options).not.toContain("noexec");
  });
});

test("a missing path has the mount of its nearest directory", () => {
  const scratch = useScratch();
  const mount = mountOf(new Root(scratch.folder), "/not/there");
  expect(mount).toEqual(mountOf(new Root(), scratch.folder));
  expect(mount?.options).toContain("rw");
});

test.each([
  ["nfs", true],
  ["nfs4", true],
  ["cifs", true],
  ["ceph", true],
  ["fuse.sshfs", true],
  ["fuse", true],
  ["fuseblk", false], // on a disk
  ["ext4", false],
  ["tmpfs", false],
  ["overlay", false],
])("%s is a network file system: %s", (type, network) => {
  const mount: Mount = { point: "/", type, options: [] };
  expect(isNetworkMount(mount)).toBe(network);
});
