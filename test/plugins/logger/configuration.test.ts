import { describe, expect, it } from "vitest";
import { eventNames } from "../../../src/nri/events.ts";
import { parseEvents, withConfiguration } from "../../../src/plugins/logger/configuration.ts";

const none = { addAnnotation: "", setAnnotation: "", addEnv: "", setEnv: "" };
const flags = { logFile: "/flag.log", events: parseEvents(["StopPodSandbox"]), ...none };

describe("parseEvents", () => {
  it.each<[string[], readonly string[]]>([
    [[], eventNames],
    [[""], eventNames],
    [["all"], eventNames],
    [
      ["RunPodSandbox", " stopPODsandbox "],
      ["runPodSandbox", "stopPodSandbox"],
    ],
    [
      ["StartContainer", "RunPodSandbox"],
      ["runPodSandbox", "startContainer"],
    ],
    [
      ["pod"],
      ["runPodSandbox", "stopPodSandbox", "removePodSandbox", "updatePodSandbox", "postUpdatePodSandbox"],
    ],
  ])("of %j", (names, events) => {
    expect(parseEvents(names)).toEqual(events);
  });
  it("refuses an unknown name in the words of Go's plugin", () => {
    expect(() => parseEvents(["toString"])).toThrow('unknown event "tostring"');
    expect(() => parseEvents(["\x1b"])).toThrow('unknown event "\\x1b"');
  });
});

describe("a configuration", () => {
  it.each<[string, object, string[]]>([
    ["", {}, []],
    ["# nothing", {}, []],
    ["logFile: /x.log\naddEnv: 5\nother: 1", { logFile: "/x.log", addEnv: "5" }, []], // no events: Go's dies
    ["LOGFILE: /x.log", { logFile: "/x.log" }, []],
    ["events: [pod, StartContainer]", { events: parseEvents(["pod", "startcontainer"]) }, []],
    ["events: []", { events: eventNames }, []],
    ["events: [x]\nsetEnv: A", { setEnv: "A" }, ['unknown event "x"']],
    ["events: all", {}, ["events wants a list of names"]],
    ["events: [[all]]\naddEnv: {}", { events: eventNames }, ["addEnv wants a text"]],
    ["addEnv: []\nsetEnv: ~", {}, ["addEnv wants a text"]],
    ["text", {}, ["keys and values are expected"]],
    ["a: [", {}, ["error converting YAML to JSON: yaml: line 1: bad indent"]],
  ])("%j", (text, changed, complaints) => {
    expect(withConfiguration(flags, text)).toEqual({ settings: { ...flags, ...changed }, complaints });
  });
});
