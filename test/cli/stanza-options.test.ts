import { describe, expect, test } from "vitest";
import { collectSetting, givenKeys, logFileOf, stanzaOf } from "../../src/cli/stanza-options.ts";
import { useHost } from "./support/host.ts";

describe("--set", () => {
  test.each([
    ["label=4711", { label: "4711" }],
    ["label=true", { label: "true" }],
    ["label=a=b", { label: "a=b" }],
    ["label=", { label: "" }],
    ["lockTimeoutMs=0", { lockTimeoutMs: 0 }],
    ["redact=false", { redact: false }],
    ["redact=null", { redact: "null" }],
    ['redact={"a":1}', { redact: '{"a":1}' }],
    ["logFile=5", { logFile: "5" }],
  ])("reads %s", (text, key) => {
    expect(collectSetting(text)).toEqual(key);
    expect(collectSetting(text, { logStatus: true })).toEqual({ logStatus: true, ...key });
  });

  test.each(["label", "labelx", "=x", "", "type=x", "capabilities=true"])("refuses %j", (text) => {
    expect(() => collectSetting(text)).toThrow("Expected KEY=VALUE, where KEY is one of logFile, ");
  });

  test("overrides the option of the same setting, and the last of a key counts", async () => {
    expect(givenKeys({ logFile: "/a", lockFile: undefined }, { logFile: "/b" })).toEqual({ logFile: "/b" });
    const host = useHost();
    const args = ["--log-file", "/var/log/a.log", "--set", "logFile=/var/log/b.log", "--set", "label=1"];
    const { code } = await host.cnitap(
      "install",
      "--no-capabilities",
      "--format",
      "classic",
      ...args,
      "--set",
      "label=2",
    );
    expect(code).toBe(0);
    const { plugins } = JSON.parse(host.read("/etc/cni/net.d/10-calico.conflist"));
    expect(plugins[0]).toEqual({ type: "cni_pre", logFile: "/var/log/b.log", label: "2" });
  });
});

test("stanzaOf returns only what differs from the defaults", () => {
  const defaults = {
    ...{ logFile: "/tmp/cni.log", lockFile: "/var/run/lock/cni.lock", logFormat: "classic" },
    ...{ lockTimeoutMs: 200, logMaxBytes: 104857600, logStatus: false, redact: true },
  };
  expect(stanzaOf(defaults)).toEqual({});
  const others = {
    ...{ logFile: "/a", lockFile: "/b", logFormat: "json", label: "" },
    ...{ lockTimeoutMs: 0, logMaxBytes: 0, logStatus: true, redact: false },
  };
  expect(stanzaOf(others)).toEqual(others);
  expect(logFileOf({ logFile: 5 })).toBe("/tmp/cni.log");
});
