import { describe, expect, it } from "vitest";
import { findLaunch } from "../../../src/cli/plugin/launch.ts";

const found = (program: string, ...args: string[]) => {
  const launch = findLaunch(args, program);
  return launch && [launch.entry.name, launch.byName, ...launch.args];
};

describe("a plugin is launched", () => {
  it.each<[string, string[], unknown[]]>([
    ["/opt/nri/plugins/10-logger", [], ["logger", true]],
    ["logger", ["-idx", "10"], ["logger", true, "-idx", "10"]],
    ["simple-logger", [], ["simple-logger", true]],
    ["05-simple-logger", [], ["simple-logger", true]],
    ["1x-ulimit-adjuster", [], ["ulimit-adjuster", true]], // its index is complained about later
    ["ulimit-adjuster", ["plugin", "logger"], ["ulimit-adjuster", true, "plugin", "logger"]],
    ["cnitap", ["plugin", "logger", "-h"], ["logger", false, "-h"]],
    ["10-cnitap", ["plugin", "hook-injector"], ["hook-injector", false]],
  ])("by %s %j", (program, args, launch) => {
    expect(found(program, ...args)).toEqual(launch);
  });

  it.each([
    ["network-logger", []],
    ["10-network-logger", []],
    ["my-own-logger", []],
    ["loggers", []],
    ["/logger/cnitap", []],
    ["cnitap", ["plugin"]],
    ["cnitap", ["plugin", "--json"]],
    ["cnitap", ["observe", "logger"]],
    ["cnitap", []],
  ])("not by %s %j", (program, args) => {
    expect(found(program, ...args)).toBeUndefined();
  });

  it("not by the name of what is no plugin", () => {
    for (const name of ["", "toString", "network-logger"])
      expect(() => findLaunch(["plugin", name], "cnitap")).toThrow("there is none");
  });
});
