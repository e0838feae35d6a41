import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type HookSet, HookSource, readHooks } from "../../../src/plugins/hook-injector/hook-set.ts";
import { useScratch } from "../../support/scratch.ts";

const file = (path: string, stage = "prestart") =>
  JSON.stringify({ version: "1.0.0", hook: { path }, when: { always: true }, stages: [stage] });

function folders() {
  const scratch = useScratch();
  const [usr, etc] = [scratch.path("usr"), scratch.path("etc")];
  for (const path of [usr, etc]) mkdirSync(path);
  return { usr, etc };
}

it("reads good files of all folders in the order of their names, and names the broken ones", () => {
  const { usr, etc } = folders();
  writeFileSync(`${usr}/B.json`, file("/bin/true"));
  writeFileSync(`${usr}/c.json`, file("/bin/true"));
  writeFileSync(`${usr}/d.json`, file("/bin/true"));
  writeFileSync(`${etc}/a.json`, file("/bin/true"));
  writeFileSync(`${etc}/c.json`, file("/bin/true", "poststop"));
  writeFileSync(`${etc}/d.json`, "{");
  writeFileSync(`${etc}/.hidden.json`, file("/bin/true"));
  writeFileSync(`${etc}/gone.json`, file("/nowhere/true"));
  writeFileSync(`${etc}/x.JSON`, "{");
  writeFileSync(`${etc}/large.json`, Buffer.alloc((1 << 20) + 1));
  mkdirSync(`${etc}/folder.json`);
  symlinkSync("nowhere", `${etc}/link.json`);
  spawnSync("mkfifo", [`${etc}/fifo.json`]);
  const set = readHooks([usr, etc, "/nowhere/hooks.d"]);
  expect(set.hooks.map(({ name, stages: [stage] }) => `${name} ${stage}`)).toEqual([
    ".hidden.json prestart",
    "a.json prestart",
    "B.json prestart",
    "c.json poststop",
    "d.json prestart", // of /usr: a broken file replaces nothing
  ]);
  expect(set.faults).toEqual([
    `${etc}/d.json: it is no JSON`,
    `${etc}/fifo.json: it is not a file`,
    `${etc}/folder.json: it is a directory`,
    `${etc}/gone.json: hook.path /nowhere/true: it is not there`,
    `${etc}/large.json: it is larger than 1048576 bytes`,
    `${etc}/link.json: it is not there`,
  ]);
  expect(set.folders.map(({ fault, names }) => fault ?? names.length)).toEqual([3, 3, "it is not there"]);
});

it("sees each change at once: files, folders that come and go, programs", () => {
  const { usr, etc } = folders();
  const program = `${usr}/program`;
  const changes: HookSet[] = [];
  const source = new HookSource([usr, etc], (set) => void changes.push(set));
  const names = () => source.refresh().hooks.map(({ name, stages: [stage] }) => `${name} ${stage}`);
  expect(names()).toEqual([]);
  writeFileSync(`${etc}/a.json`, file("/bin/true"));
  expect(names()).toEqual(["a.json prestart"]);
  writeFileSync(`${etc}/a.json`, file("/bin/true", "poststop"));
  expect(names()).toEqual(["a.json poststop"]);
  renameSync(etc, `${etc}.old`);
  expect(names()).toEqual([]);
  mkdirSync(etc);
  writeFileSync(`${etc}/b.json`, file(program));
  expect(names()).toEqual([]);
  expect(source.set.faults).toEqual([`${etc}/b.json: hook.path ${program}: it is not there`]);
  writeFileSync(program, "");
  expect(names()).toEqual(["b.json prestart"]);
  rmSync(`${etc}/b.json`);
  expect(names()).toEqual([]);
  expect(names()).toEqual([]);
  expect(changes).toHaveLength(6);
});
