import { expect, it, test } from "vitest";
import { tapsKeys } from "../../../src/cli/observe/taps-keys.ts";
import { RECORD_PATH } from "../../../src/machine/installation-record.ts";
import { Root } from "../../../src/machine/root.ts";
import { readSettings } from "../../../src/observe/observer-settings.ts";
import { useHost } from "../support/host.ts";

function keysWith(record: string | undefined) {
  const host = useHost();
  if (record !== undefined) host.write(RECORD_PATH, record);
  return tapsKeys(new Root(host.root));
}

test("tapsKeys returns the settings of cnitap install", async () => {
  const host = useHost();
  const args = ["--log-file", "/var/log/cni.log", "--format", "json", "--set", "label=node-1"];
  expect(await host.cnitap("install", ...args)).toMatchObject({ code: 0, err: "" });
  const { settings, complaints } = readSettings(tapsKeys(new Root(host.root)));
  expect(complaints).toEqual([]);
  expect(settings).toMatchObject({ logFile: "/var/log/cni.log", logFormat: "json", label: "node-1" });
});

const entry = { confDir: "/c", network: "n", file: "f", mode: "post", binDir: "/b", original: "h" };
const recordOf = (...networks: unknown[]) => JSON.stringify({ v: 1, networks });

it.each<[string, string | undefined, unknown]>([
  ["is missing", undefined, {}],
  ["is broken", "{", {}],
  ["has another version", '{"v":2,"networks":[]}', {}],
  ["has no network", recordOf(), {}],
  ["has no entry", recordOf({ ...entry, pre: null, post: null }), {}],
  ["has only the entry of cni_pre", recordOf({ ...entry, pre: { label: "a" }, post: null }), { label: "a" }],
  [
    "has both entries, of which cni_post's counts",
    recordOf({ ...entry, pre: { label: "a" }, post: { label: "b" } }),
    { label: "b" },
  ],
  [
    "has wrappers",
    recordOf({ ...entry, mode: "wrap", pre: null, post: null, wrap: { label: "w", delegates: true } }),
    { label: "w", delegates: true },
  ],
  [
    "has two networks, of which the first with an entry counts",
    recordOf({ ...entry, pre: null, post: null }, { ...entry, post: { label: "c" } }),
    { label: "c" },
  ],
])("tapsKeys reads a record that %s", (_, record, keys) => {
  expect(keysWith(record)).toEqual(keys);
});

it.each([["text"], [5], [[1]], [true]])("an entry of %j in a record gives the default settings", (post) => {
  const keys = keysWith(recordOf({ ...entry, pre: null, post }));
  expect(readSettings({ ...keys }).settings).toMatchObject({ logFile: "/tmp/cni.log", logFormat: "classic" });
});

test("tapsKeys returns nothing for an unreadable record", () => {
  const host = useHost();
  host.write(`${RECORD_PATH}/file`, "");
  expect(tapsKeys(new Root(host.root))).toEqual({});
});
