import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Root } from "../../src/machine/root.ts";
import { useScratch } from "../support/scratch.ts";

describe("below another root, links are followed as the host would", () => {
  test.each([
    ["/var/run/lock/cni.lock", "/run/lock/cni.lock"],
    ["/deep/up/x", "/x"],
    ["/deep/relative/x", "/run/x"],
    ["/../../etc/passwd", "/etc/passwd"],
    ["/escape/etc/passwd", "/etc/passwd"],
    ["/not/there/at/all", "/not/there/at/all"],
    ["/", "/"],
  ])("%s is %s", (path, expected) => {
    const scratch = useScratch();
    mkdirSync(scratch.path("run/lock"), { recursive: true });
    mkdirSync(scratch.path("var"));
    mkdirSync(scratch.path("deep"));
    symlinkSync("/run", scratch.path("var/run"));
    symlinkSync("../../../../..", scratch.path("deep/up"));
    symlinkSync("../run", scratch.path("deep/relative"));
    symlinkSync("/../../../..", scratch.path("escape"));
    expect(new Root(scratch.folder).at(path)).toBe(join(scratch.folder, expected));
  });

  test("but not the last one of an entry, and not for ever", () => {
    const scratch = useScratch();
    symlinkSync("/etc/passwd", scratch.path("log"));
    symlinkSync("/loop", scratch.path("loop"));
    const root = new Root(scratch.folder);
    expect(root.entry("/log")).toBe(scratch.path("log"));
    expect(() => root.at("/loop/x")).toThrow("too many symbolic links");
  });

  test("the machine's own root leaves paths as they are", () => {
    expect(new Root().at("/var/run/lock")).toBe("/var/run/lock");
  });
});
