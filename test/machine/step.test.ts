import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { asByteString } from "../../src/log/byte-string.ts";
import { Root } from "../../src/machine/root.ts";
import { Changed, perform, type Step } from "../../src/machine/step.ts";
import { useScratch } from "../support/scratch.ts";

const bytes = asByteString;

function useNode() {
  const { folder, path, names } = useScratch();
  const root = new Root(folder);
  const mode = (name: string) => (statSync(path(name)).mode & 0o7777).toString(8);
  return { path, names, mode, perform: (step: Step) => perform(root, step) };
}

describe("a file that a step creates", () => {
  test.each([0o077, 0o000, 0o027])("has its mode with the umask %o", (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => void process.umask(before));
    const node = useNode();
    mkdirSync(node.path("etc"));
    mkdirSync(node.path("bin"));
    node.perform({ kind: "log", path: "/var/log/taps/cni.log" });
    node.perform({ kind: "private", path: "/lib/record.json", text: bytes("x") });
    node.perform({ kind: "binary", path: "/bin/cni_pre", content: Buffer.from("x") });
    node.perform({ kind: "config", path: "/etc/a.conflist", before: null, after: bytes("x") });
    node.perform({ kind: "drop-in", path: "/etc/n/1.conf", before: null, after: bytes("x") });
    node.perform({ kind: "settings", path: "/bin/cni-tap/cni-tap.json", text: bytes("{}") });
    node.perform({ kind: "link", path: "/bin/cni-tap/host-local", target: "../cni_pre" });
    expect(node.mode("bin/cni-tap")).toBe("755");
    expect(node.mode("bin/cni-tap/cni-tap.json")).toBe("644");
    expect(readlinkSync(node.path("bin/cni-tap/host-local"))).toBe("../cni_pre");
    const files = [
      "var/log/taps/cni.log",
      "lib/record.json",
      "bin/cni_pre",
      "etc/a.conflist",
      "etc/n/1.conf",
    ];
    expect(files.map(node.mode)).toEqual(["600", "600", "755", "644", "644"]);
    expect(["var/log/taps", "lib", "etc/n"].map(node.mode)).toEqual(["700", "700", "755"]);
  });

  test("is a log that its owner may write, even if the umask forbids it", () => {
    const node = useNode();
    const before = process.umask(0o277);
    onTestFinished(() => void process.umask(before));
    node.perform({ kind: "log", path: "/cni.log" });
    expect(node.mode("cni.log")).toBe("600");
  });

  test("does not replace an existing log or link", () => {
    const node = useNode();
    writeFileSync(node.path("cni.log"), "a line\n", { mode: 0o640 });
    symlinkSync("cni.log", node.path("link"));
    node.perform({ kind: "log", path: "/cni.log" });
    node.perform({ kind: "log", path: "/link" });
    expect(readFileSync(node.path("cni.log"), "utf8")).toBe("a line\n");
    expect(node.mode("cni.log")).toBe("640");
    symlinkSync("nowhere", node.path("broken"));
    node.perform({ kind: "log", path: "/broken" });
    expect(existsSync(node.path("nowhere"))).toBe(false);
    writeFileSync(node.path("file"), "");
    expect(() => node.perform({ kind: "log", path: "/file/cni.log" })).toThrow("Cannot create the ");
  });
});

describe("a file that has changed", () => {
  test.each<[string, Partial<Extract<Step, { kind: "config" | "drop-in" }>>]>([
    ["written", { after: bytes("new") }],
    ["removed", { after: null }],
    ["replaced by a new one", { before: null, after: bytes("new") }],
  ])("is not %s", (_, more) => {
    const node = useNode();
    writeFileSync(node.path("a.conf"), "another's");
    for (const kind of ["config", "drop-in"] as const) {
      const step: Step = { kind, path: "/a.conf", before: bytes("old"), after: null, ...more };
      expect(() => node.perform(step)).toThrow(Changed);
      expect(readFileSync(node.path("a.conf"), "utf8")).toBe("another's");
      expect(node.names()).toEqual(["a.conf"]);
    }
  });

  test("stops a step that writes a list made from it", () => {
    const node = useNode();
    writeFileSync(node.path("a.conf"), "another's");
    const source = { path: "/a.conf", text: bytes("old") };
    const step: Step = { kind: "config", path: "/a.conflist", before: null, after: bytes("new"), source };
    expect(() => node.perform(step)).toThrow(Changed);
    expect(node.names()).toEqual(["a.conf"]);
    node.perform({ ...step, source: { ...source, text: bytes("another's") } });
    expect(node.names()).toEqual(["a.conf", "a.conflist"]);
  });
});

test("the directory of drop-ins is removed with its last file, and no other directory is", () => {
  const node = useNode();
  for (const name of ["n", "m", "only"]) mkdirSync(node.path(name));
  for (const name of ["n/1.conf", "m/1.conf", "m/2.conf", "only/1.conf"]) writeFileSync(node.path(name), "x");
  node.perform({ kind: "drop-in", path: "/n/1.conf", before: bytes("x"), after: null });
  node.perform({ kind: "drop-in", path: "/m/1.conf", before: bytes("x"), after: null });
  node.perform({ kind: "config", path: "/only/1.conf", before: bytes("x"), after: null });
  expect(node.names()).toEqual(["m", "only"]);
  node.perform({ kind: "remove", path: "/only/1.conf" });
  expect(node.names("m")).toEqual(["2.conf"]);
});

test("a link is removed and not what it leads to, and a folder only if nobody has put something into it", () => {
  const node = useNode();
  for (const name of ["mine", "shared"]) mkdirSync(node.path(name));
  writeFileSync(node.path("target"), "x");
  writeFileSync(node.path("shared/file"), "x");
  node.perform({ kind: "link", path: "/mine/link", target: "../target" });
  node.perform({ kind: "link", path: "/mine/link", target: "../target" });
  node.perform({ kind: "remove", path: "/mine/link" });
  expect(node.names("mine")).toEqual([]);
  for (const path of ["/mine", "/shared", "/nowhere"]) node.perform({ kind: "remove-folder", path });
  expect(node.names()).toEqual(["shared", "target"]);
});
