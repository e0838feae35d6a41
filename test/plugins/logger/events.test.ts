import { describe, expect, it } from "vitest";
import { eventNames } from "../../../src/nri/events.ts";
import { parseEvents } from "../../../src/plugins/logger/events.ts";

describe("parseEvents", () => {
  it.each<[string, readonly string[]]>([
    ["", eventNames],
    [" , ", eventNames],
    ["all", eventNames],
    ["RunPodSandbox, stopPODsandbox ", ["runPodSandbox", "stopPodSandbox"]],
    ["StartContainer,RunPodSandbox", ["runPodSandbox", "startContainer"]],
    [
      "pod",
      ["runPodSandbox", "stopPodSandbox", "removePodSandbox", "updatePodSandbox", "postUpdatePodSandbox"],
    ],
    ["container", eventNames.filter((name) => name.endsWith("Container"))],
  ])("of %j", (names, events) => {
    expect(parseEvents(names)).toEqual(events);
  });
  it.each([
    ["toString", "tostring"],
    ["\x1b", "\\x1b"],
    ["StartContainer,x", "x"],
  ])("refuses %j in the words of Go's plugin", (list, name) => {
    expect(() => parseEvents(list)).toThrow(new Error(`unknown event "${name}"`));
  });
});
