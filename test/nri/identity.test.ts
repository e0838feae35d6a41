import { describe, expect, it } from "vitest";
import { Backoff } from "../../src/nri/backoff.ts";
import { resolveIdentity, resolveTarget } from "../../src/nri/identity.ts";

describe("name and index", () => {
  it.each([
    [{ name: "a", index: "10" }, {}, "x.ts", { name: "a", index: "10" }],
    [{}, { NRI_PLUGIN_NAME: "env", NRI_PLUGIN_IDX: "33" }, "x.ts", { name: "env", index: "33" }],
    [{ name: "a" }, { NRI_PLUGIN_NAME: "env", NRI_PLUGIN_IDX: "33" }, "x", { name: "a", index: "33" }],
    [{ index: "33" }, { NRI_PLUGIN_IDX: "33" }, "/opt/logger.mjs", { name: "logger", index: "33" }],
    [{}, {}, "/opt/10-net-logger.js", { name: "net-logger", index: "10" }],
    [{ name: "a" }, {}, "10-logger", { name: "a", index: "10" }],
    [{}, { NRI_PLUGIN_NAME: "" }, "10-logger", { name: "logger", index: "10" }],
    [{}, { NRI_PLUGIN_NAME: "", NRI_PLUGIN_IDX: "" }, "10-logger", { name: "logger", index: "10" }],
  ])("are resolved from %o, %o and the program %s", (options, env, program, identity) => {
    expect(resolveIdentity(options, env, program)).toEqual(identity);
  });

  it.each([
    [
      { index: "10" },
      { NRI_PLUGIN_IDX: "33" },
      "x",
      "Cannot use index 10: the runtime has launched this plugin as 33",
    ],
    [
      {},
      {},
      "logger.ts",
      "Cannot use the file name logger: <index>-<name> is expected where no index is given",
    ],
    [{}, {}, "a-logger.ts", 'Cannot use index "a": two digits are expected'],
    [{ name: "a/b", index: "10" }, {}, "x", 'Cannot use name "a/b": only letters, digits and _.+-'],
    [{ name: "a", index: "1" }, {}, "x", 'Cannot use index "1": two digits are expected'],
  ])("are refused from %o, %o and the program %s", (options, env, program, message) => {
    const option = message.includes('name "') ? "name" : "index";
    const reason = message.includes("launched") ? "conflict" : undefined;
    const wanted = expect.objectContaining({ code: "configuration", message, option, reason });
    expect(() => resolveIdentity(options, env, program)).toThrow(wanted);
  });
});

it("the socket is the given path, else the descriptor of the environment, else the default", () => {
  expect(resolveTarget("/a", { NRI_PLUGIN_SOCKET: "3" })).toEqual({ path: "/a" });
  expect(resolveTarget(undefined, { NRI_PLUGIN_SOCKET: "3" })).toEqual({ descriptor: 3 });
  expect(resolveTarget(undefined, { NRI_PLUGIN_SOCKET: "" })).toEqual({ path: "/var/run/nri/nri.sock" });
  expect(() => resolveTarget(undefined, { NRI_PLUGIN_SOCKET: "x3" })).toThrow(
    expect.objectContaining({
      ...{ option: "socket", message: 'Cannot use NRI_PLUGIN_SOCKET "x3": not a number' },
    }),
  );
});

it("the backoff doubles from 100 ms to 10 s, with jitter, and starts over after a reset", () => {
  const backoff = new Backoff(() => 0);
  expect(Array.from({ length: 9 }, () => backoff.next())).toEqual([
    100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000,
  ]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
  expect(new Backoff(() => 0.9999).next()).toBe(50);
});
