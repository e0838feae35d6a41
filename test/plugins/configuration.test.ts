import { describe, expect, it } from "vitest";
import type { GoFlag } from "../../src/nri/go-flags.ts";
import { readConfiguration } from "../../src/plugins/configuration.ts";

const flags: readonly GoFlag[] = [
  { name: "log-file", kind: "string", usage: "" },
  { name: "events", kind: "string", usage: "" },
  { name: "verbose", kind: "bool", usage: "" },
  { name: "hooks-dir", kind: "string", usage: "", repeatable: true },
];

describe("a configuration", () => {
  it.each<[string, Record<string, string[]>, string[]]>([
    ["", {}, []],
    ["# nothing", {}, []],
    ["logFile: /x.log", { "log-file": ["/x.log"] }, []], // no events: Go's logger dies
    ["LOG-FILE: 5\nverbose: yes", { "log-file": ["5"], verbose: ["true"] }, []],
    ["events: [RunPodSandbox, StartContainer]", { events: ["RunPodSandbox,StartContainer"] }, []],
    ['{"events":"all","verbose":null}', { events: ["all"] }, []],
    ["hooksDir: [/a, /b]", { "hooks-dir": ["/a", "/b"] }, []],
    ["hooks-dir: /a", { "hooks-dir": ["/a"] }, []],
    ["verbose: 'yes'\nevents: all", { events: ["all"] }, ["verbose wants true or false"]],
    ["events: {a: 1}", {}, ["events wants a text or a list"]],
    ["events: [[all]]", {}, ["events wants a text or a list"]],
    ['"\\e[31m": 1', {}, ['"\\x1b[31m" is unknown']],
    ["text", {}, ["keys and values are expected"]],
    ["a: [", {}, ["error converting YAML to JSON: yaml: line 1: bad indent"]],
  ])("%j", (text, values, complaints) => {
    const read = readConfiguration(text, flags);
    expect({ ...read, values: Object.fromEntries(read.values) }).toEqual({ values, complaints });
  });
});
