import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { hazardOf } from "../../src/conflist/hazards.ts";
import { readNetwork } from "../../src/conflist/network.ts";
import { patch, withoutTaps } from "../../src/conflist/patch.ts";
import { listFileName, listFromSingle } from "../../src/conflist/single-plugin.ts";
import { type DesiredTaps, declaredCapabilities, modeOf, NO_TAPS } from "../../src/conflist/tap-entries.ts";
import { asByteString, type ByteString } from "../../src/log/byte-string.ts";

const directory = join(ROOT, "conflist-examples");
const read = (name: string) => asByteString(readFileSync(join(directory, name), "latin1"));
const names = readdirSync(directory).filter((name) => /\.conf(?:list)?$/.test(name));
const before = names.filter((name) => !name.includes("cni-tap"));

/** The taps that `cnitap install` adds: also cni_pre unless it breaks the network, with the capabilities of the others. */
function desiredTapsOf(text: ByteString, name: string): DesiredTaps {
  const network = readNetwork(name, text);
  const capabilities = declaredCapabilities(network);
  const entry = { logFormat: "json", ...(Object.keys(capabilities).length > 0 ? { capabilities } : {}) };
  return { pre: hazardOf(network) ? null : entry, post: entry, wrap: null };
}

test("each example has a patched file and a line in the README", () => {
  expect(before.length).toBe(9);
  const readme = read("README.md");
  for (const name of names) expect(readme).toContain(`\`${name}\``);
  expect(names.length).toBe(2 * before.length + wrapped.length);
});

/** Networks after `--mode wrap`. */
const wrapped = ["05-cilium", "10-calico"];

describe.each(wrapped)("%s, wrapped", (name) => {
  const text = read(`${name}.conflist`);
  const after = `${name}.cni-tap-wrap.conflist`;
  const wrap = { keys: { logFormat: "json" }, only: null };

  test("becomes the patched file, which has the original bytes when it is unpatched", () => {
    expect(patch(readNetwork(`${name}.conflist`, text), { ...NO_TAPS, wrap })).toBe(read(after));
    expect(withoutTaps(readNetwork(after, read(after)))).toBe(text);
    expect(modeOf(readNetwork(after, read(after)))).toBe("wrap");
  });
});

describe.each(before)("%s", (name) => {
  const text = read(name);
  const network = readNetwork(name, text);
  const base =
    network.kind === "list" ? network : readNetwork(listFileName(network, [name]), listFromSingle(network));
  const after = network.kind === "list" ? name.replace(".conflist", ".cni-tap.conflist") : base.file;

  test("becomes the patched file", () => {
    expect(patch(base, desiredTapsOf(text, name))).toBe(read(after));
  });

  test("has its original bytes after the patched file is unpatched", () => {
    const patched = readNetwork(after, read(after));
    expect(withoutTaps(patched)).toBe(base.text);
    expect(modeOf(patched)).toBe(name.includes("cilium") ? "post" : "both");
  });
});
