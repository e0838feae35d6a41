import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { placeObserver } from "../../src/machine/observer-copy.ts";
import { useScratch } from "../support/scratch.ts";

const CONTENT = readFileSync("/bin/true");
const OTHER = "cnitap-observe-0123456789abcdef";

/** A directory for the copy, and where files without a name may be. */
function useFolders() {
  const { path } = useScratch();
  const folder = path("lib/cni-tap");
  const place = (content: Uint8Array = CONTENT, beside: string | null = null) =>
    placeObserver(content, { beside, folder, temporary: [path(".")] });
  return { path, folder, place };
}

describe("the executable beside cnitap", () => {
  test("is started if it is the same", () => {
    const { path, folder, place } = useFolders();
    copyFileSync("/bin/true", path("cnitap-observe"));
    expect(place(CONTENT, path("cnitap-observe"))).toBe(path("cnitap-observe"));
    expect(existsSync(folder)).toBe(false);
  });

  test.each<[string, (beside: string) => void]>([
    ["is another build", (beside) => copyFileSync("/bin/false", beside)],
    ["can be changed by others", (beside) => chmodSync(beside, 0o777)],
    ["cannot be executed", (beside) => chmodSync(beside, 0o644)],
  ])("is not if it %s", (_, spoil) => {
    const { path, folder, place } = useFolders();
    copyFileSync("/bin/true", path("cnitap-observe"));
    spoil(path("cnitap-observe"));
    expect(place(CONTENT, path("cnitap-observe")).startsWith(`${folder}/`)).toBe(true);
  });

  test("is not if it is a link, which may lead elsewhere at its start", () => {
    const { path, folder, place } = useFolders();
    symlinkSync("/bin/true", path("cnitap-observe"));
    expect(place(CONTENT, path("cnitap-observe")).startsWith(`${folder}/`)).toBe(true);
  });
});

describe("the kept copy", () => {
  test("is made once, for this user alone", () => {
    const { folder, place } = useFolders();
    const path = place();
    expect(basename(path)).toMatch(/^cnitap-observe-[0-9a-f]{16}$/);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const { ino, ctimeMs } = statSync(path);
    expect(place()).toBe(path);
    expect(statSync(path)).toMatchObject({ ino, ctimeMs });
    expect(readdirSync(folder)).toEqual([basename(path)]);
  });

  test.each<[string, (path: string) => void]>([
    ["has other content", (path) => writeFileSync(path, "#!/bin/sh\n")],
    ["can be changed by others", (path) => chmodSync(path, 0o722)],
  ])("is made anew if it %s", (_, spoil) => {
    const { place } = useFolders();
    const path = place();
    spoil(path);
    expect(place()).toBe(path);
    expect(readFileSync(path).equals(CONTENT)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test("takes the place of a planted link, and leaves what that leads to", () => {
    const { path, folder, place } = useFolders();
    const copy = place();
    writeFileSync(path("victim"), "x");
    const other = readFileSync("/bin/false");
    const second = place(other);
    expect(readdirSync(folder)).toEqual([basename(second)]); // the first is of no use any more
    symlinkSync(path("victim"), copy);
    expect(place()).toBe(copy);
    expect(statSync(copy).size).toBe(CONTENT.length);
    expect(readFileSync(path("victim"), "utf8")).toBe("x");
  });

  test("leaves those that a process runs, and others' files", async () => {
    const { folder, place } = useFolders();
    place();
    copyFileSync("/bin/sleep", `${folder}/${OTHER}`);
    writeFileSync(`${folder}/wanted.json`, "{}");
    const child = spawn(`${folder}/${OTHER}`, ["60"], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    await new Promise((resolve) => child.on("spawn", resolve));
    const second = place(readFileSync("/bin/false"));
    expect(readdirSync(folder).sort()).toEqual([OTHER, basename(second), "wanted.json"].sort());
  });
});

describe("where the directory cannot be used", () => {
  test.each<[string, (folder: string, path: (name: string) => string) => void]>([
    ["a file is in its place", (_, path) => writeFileSync(path("lib"), "")],
    ["others may write it", (folder) => chmodSync(folder, 0o777)],
  ])("since %s, a file without a name is started", (_, spoil) => {
    const { path, folder, place } = useFolders();
    if (spoil.length === 1) place(readFileSync("/bin/false"));
    spoil(folder, path);
    const before = readdirSync(path("."));
    const started = place();
    expect(started).toMatch(/^\/proc\/self\/fd\/\d+$/);
    expect(readFileSync(started).equals(CONTENT)).toBe(true);
    expect(readdirSync(path("."))).toEqual(before);
  });

  test("and no other either, the error names each with its reason", () => {
    const { path } = useFolders();
    writeFileSync(path("file"), "");
    const places = { beside: null, folder: path("file"), temporary: [path("none")] };
    expect(() => placeObserver(CONTENT, places)).toThrow(
      `Cannot start cnitap-observe: ${path("file")}: something else is there; ${path("none")}: it is not there\nPut the`,
    );
  });
});
