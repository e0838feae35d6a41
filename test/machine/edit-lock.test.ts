import { mkdirSync, readdirSync, utimesSync } from "node:fs";
import { expect, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { lockHolder, lockPath, withLock } from "../../src/machine/edit-lock.ts";
import { useScratch } from "../support/scratch.ts";

test("withLock runs two actions one after the other, and the second says whom it waits for", async () => {
  const { folder, names } = useScratch();
  const events: string[] = [];
  const said: string[] = [];
  let leave = () => {};
  const held = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const first = withLock(
    folder,
    () => {},
    async () => {
      events.push("first in");
      await held;
      events.push("first out");
    },
  );
  await waitFor("the lock of the first action", () => events.length > 0);
  expect(lockHolder(folder)).toMatchObject({
    who: expect.stringContaining(`pid ${process.pid} on `),
    stale: false,
  });
  const second = withLock(
    folder,
    (line) => said.push(line),
    () => events.push("second in"),
  );
  await waitFor("the message of the second action", () => said.length > 0);
  leave();
  await Promise.all([first, second]);
  expect(events).toEqual(["first in", "first out", "second in"]);
  expect(said).toEqual([expect.stringContaining(`held by pid ${process.pid} on `)]);
  expect(names()).toEqual([]);
  expect(lockHolder(folder)).toBeNull();
});

test("withLock releases the lock if its action fails", async () => {
  const { folder } = useScratch();
  await expect(
    withLock(
      folder,
      () => {},
      () => mkdirSync(`${folder}/no/where`),
    ),
  ).rejects.toThrow("it is not there");
  expect(readdirSync(folder)).toEqual([]);
});

test("lockHolder reports a lock as stale after five seconds without a renewal", () => {
  const { folder } = useScratch();
  const lock = lockPath(folder);
  mkdirSync(lock);
  expect(lockHolder(folder)).toMatchObject({ who: "somebody", stale: false });
  const renewed = (agoMs: number) => utimesSync(lock, 0, (Date.now() - agoMs) / 1000);
  renewed(6_000);
  expect(lockHolder(folder)?.stale).toBe(true);
  renewed(2_000);
  expect(lockHolder(folder)?.stale).toBe(false);
});
