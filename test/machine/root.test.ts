import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Root } from "../../src/machine/root.ts";
import { useScratch } from "../support/scratch.ts";

describe("a root", () => {
  test.each([
    ["/var/run/lock/cni.lock", "/run/lock/cni.lock"],
    ["/deep/up/x", "/x"],
    ["/deep/relative/x", "/run/x"],
    ["/../../etc/passwd", "/etc/passwd"],
    ["/escape/etc/passwd", "/etc/passwd"],
    ["/not/there/at/all", "/not/there/at/all"],
    ["/", "/"],
  ])("resolves %s to %s as the host would", (path, expected) => {
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

  test("does not follow the last link of an entry, and refuses a loop", () => {
    const scratch = useScratch();
    symlinkSync("/etc/passwd", scratch.path("log"));
    symlinkSync("/loop", scratch.path("loop"));
    const root = new Root(scratch.folder);
    expect(root.entry("/log")).toBe(scratch.path("log"));
    expect(() => root.at("/loop/x")).toThrow("too many symbolic links");
  });

  test("that is the machine's own leaves paths unchanged", () => {
    expect(new Root().at("/var/run/lock")).toBe("/var/run/lock");
  });
});
