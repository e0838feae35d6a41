import { describe, expect, it } from "vitest";
import { hasPluginName, isPlugin, withDefaults } from "../../../src/cli/observe/identity.ts";

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

describe("a process is the plugin", () => {
  const launched = { NRI_PLUGIN_NAME: "x", NRI_PLUGIN_IDX: "10", NRI_PLUGIN_SOCKET: "3" };
  it("by its name, whatever its arguments", () => {
    expect(isPlugin([], "/x/network-logger", {})).toBe(true);
    expect(isPlugin(["status"], "10-network-logger", {})).toBe(true);
  });
  it("where a runtime launched it, under any name", () => {
    expect(isPlugin([], "/opt/nri/plugins/10-cnitap", launched)).toBe(true);
  });
  it("and else it is not", () => {
    expect(isPlugin([], "cnitap", {})).toBe(false);
    expect(isPlugin([], "cnitap", { NRI_PLUGIN_SOCKET: "" })).toBe(false);
    expect(isPlugin(["status"], "cnitap", launched)).toBe(false); // started by a plugin
  });
});

describe("name and index", () => {
  it.each([
    ["of cnitap", {}, {}, "cnitap", { name: "network-logger", index: "10" }],
    ["by flags", { name: "n", index: "07" }, {}, "cnitap", { name: "n", index: "07" }],
    ["by flags, one of them", { index: "07" }, {}, "cnitap", { name: "network-logger", index: "07" }],
    ["by its file's name", {}, {}, "/x/07-network-logger", {}],
    ["by its file's name without an index", {}, {}, "/x/network-logger", { index: "10" }],
    ["by the runtime", {}, { NRI_PLUGIN_NAME: "n", NRI_PLUGIN_IDX: "05" }, "/x/05-n", {}],
    ["by the runtime, the index", {}, { NRI_PLUGIN_IDX: "05" }, "cnitap", { name: "network-logger" }],
    [
      "empty from the runtime",
      {},
      { NRI_PLUGIN_NAME: "", NRI_PLUGIN_IDX: "" },
      "cnitap",
      {
        ...{ name: "network-logger", index: "10" },
      },
    ],
  ])("%s", (_, flags, env, program, wanted) => {
    expect(withDefaults(flags, env, program)).toEqual({ name: undefined, index: undefined, ...wanted });
  });
});
