import { describe, expect, it } from "vitest";
import { hasPluginName, isPlugin, withDefaults } from "../../src/observe/identity.ts";

describe("the plugin's name", () => {
  it.each(["network-logger", "10-network-logger", "/opt/nri/plugins/05-network-logger", "./network-logger"])(
    "is %s",
    (program) => expect(hasPluginName(program)).toBe(true),
  );
  it.each([
    "cnitap",
    "/x/network-logger/cnitap",
    "network-logger.sh",
    "my-own-network-logger",
    "network",
    "",
  ])("is not %s", (program) => expect(hasPluginName(program)).toBe(false));
});

describe("isPlugin is true", () => {
  const launched = { NRI_PLUGIN_NAME: "x", NRI_PLUGIN_IDX: "10", NRI_PLUGIN_SOCKET: "3" };
  it("for the plugin's name, whatever the arguments", () => {
    expect(isPlugin([], "/x/network-logger", {})).toBe(true);
    expect(isPlugin(["status"], "10-network-logger", {})).toBe(true);
  });
  it("for a program that a runtime launched, under any name", () => {
    expect(isPlugin([], "/opt/nri/plugins/10-cnitap", launched)).toBe(true);
  });
  it("for no other program", () => {
    expect(isPlugin([], "cnitap", {})).toBe(false);
    expect(isPlugin([], "cnitap", { NRI_PLUGIN_SOCKET: "" })).toBe(false);
    expect(isPlugin(["status"], "cnitap", launched)).toBe(false); // started by a plugin
  });
});

describe("withDefaults", () => {
  it.each([
    ["the defaults of cnitap", {}, {}, "cnitap", { name: "network-logger", index: "10" }],
    ["flags", { name: "n", index: "07" }, {}, "cnitap", { name: "n", index: "07" }],
    ["one flag", { index: "07" }, {}, "cnitap", { name: "network-logger", index: "07" }],
    ["its file name", {}, {}, "/x/07-network-logger", {}],
    ["its file name without an index", {}, {}, "/x/network-logger", { index: "10" }],
    ["the runtime", {}, { NRI_PLUGIN_NAME: "n", NRI_PLUGIN_IDX: "05" }, "/x/05-n", {}],
    ["the runtime, only the index", {}, { NRI_PLUGIN_IDX: "05" }, "cnitap", { name: "network-logger" }],
    [
      "empty variables of the runtime",
      {},
      { NRI_PLUGIN_NAME: "", NRI_PLUGIN_IDX: "" },
      "cnitap",
      {
        ...{ name: "network-logger", index: "10" },
      },
    ],
  ])("takes name and index from %s", (_, flags, env, program, wanted) => {
    expect(withDefaults(flags, env, program)).toEqual({ name: undefined, index: undefined, ...wanted });
  });
});
