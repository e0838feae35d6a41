import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseHookFile } from "../../../src/plugins/hook-injector/hook-file.ts";
import { matchHook } from "../../../src/plugins/hook-injector/when.ts";

const hook = { path: "/bin/true" };
const always = { always: true };
const file = (more: object) =>
  JSON.stringify({ version: "1.0.0", hook, when: always, stages: ["prestart"], ...more });

describe("a hook file", () => {
  it("of version 1.0.0 is read", () => {
    const full = { path: "/bin/true", args: ["true", "x"], env: ["A=b"], timeout: -5 };
    const read = parseHookFile(file({ hook: full, stages: ["poststop", "createRuntime"], other: 1 }));
    expect(read).toMatchObject({
      hook: full,
      stages: ["poststop", "createRuntime"],
      when: { anyOf: false, always: true },
    });
    expect(parseHookFile(file({ stages: [] })).stages).toEqual([]);
  });

  it("has names in any case, and null like absence", () => {
    const text =
      '{"VERSION":"1.0.0","Hook":{"PATH":"/bin/true","timeout":null},"when":null,"Stages":["prestart"]}';
    expect(parseHookFile(text)).toMatchObject({
      hook: { path: "/bin/true", args: [] },
      stages: ["prestart"],
    });
  });

  it.each([["0.1.0"], [undefined]])("of version %s is read", (version) => {
    const old = {
      hook: "/bin/true",
      arguments: ["x"],
      stages: ["poststop"],
      cmds: ["sh"],
      annotation: ["a", "b"],
      hasbindmounts: true,
    };
    const read = parseHookFile(JSON.stringify({ version, ...old }));
    expect(read.hook).toEqual({ path: "/bin/true", args: ["/bin/true", "x"], env: [] });
    expect(read.when).toMatchObject({ anyOf: true, hasBindMounts: true, commands: [{ source: "sh" }] });
    expect(read.when.annotations).toMatchObject([[{ source: ".*" }, { source: "a|b" }]]);
    expect(parseHookFile('{"hook":"/bin/true","stage":["prestart"]}').hook.args).toEqual([]);
  });

  it.each([
    ["", "it is no JSON"],
    ["\ufeff{}", "it is no JSON"],
    ["[]", "it is no JSON object"],
    ["null", "it is no JSON object"],
    [file({ version: "2.0.0" }), 'unrecognized hook version: "2.0.0"'],
    [file({ version: 1 }), "version wants a string"],
    [file({ hook: {} }), "missing required property: hook.path"],
    [file({ hook: undefined }), "missing required property: hook.path"],
    [file({ hook: "/bin/true" }), "hook wants an object"],
    [file({ hook: { path: "bin/true" } }), 'hook.path "bin/true" is not absolute'],
    [file({ hook: { ...hook, args: "x" } }), "hook.args wants a list of strings"],
    [file({ hook: { ...hook, timeout: 1.5 } }), "hook.timeout wants a whole number"],
    [file({ when: { annotations: { a: 1 } } }), "when.annotations wants an object of strings"],
    [
      file({ when: { annotations: { "(?=a)": "" } } }),
      'invalid annotation key "(?=a)": error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      file({ when: { annotations: { a: "[" } } }),
      'invalid annotation value "[": error parsing regexp: missing closing ]: `[`',
    ],
    [
      file({ when: { commands: ["("] } }),
      'invalid command "(": error parsing regexp: missing closing ): `(`',
    ],
    [file({ stages: undefined }), "missing required property: stages"],
    [file({ stages: null }), "missing required property: stages"],
    [file({ stages: ["later"] }), 'unknown stage "later"'],
    [file({ stages: ["toString"] }), 'unknown stage "toString"'],
    ['{"hook":"/bin/true","stage":["prestart"],"stages":[]}', 'cannot set both "stage" and "stages"'],
    ['{"hook":"/bin/true"}', "missing required property: stages"],
  ])("is refused: %s", (text, message) => {
    expect(() => parseHookFile(text)).toThrow(new Error(message));
  });
});

describe("a hook is", () => {
  const when = (conditions: object) => parseHookFile(file({ when: conditions })).when;
  const old = (conditions: object) =>
    parseHookFile(JSON.stringify({ hook: "/bin/true", stage: [], ...conditions })).when;
  const container = {
    annotations: { "example.com/gpu": "yes", tier: "front" },
    args: ["/bin/busybox", "sh"],
    hasBindMounts: true,
  };
  it.each<[ReturnType<typeof when>, boolean, string]>([
    [when({}), false, "it has no condition"],
    [when({ always: true }), true, "always is true"],
    [when({ always: false, commands: ["busybox"] }), false, "always is false"],
    [when({ hasBindMounts: true }), true, "it has mounts"],
    [when({ hasBindMounts: false }), false, "hasBindMounts is false, which never matches"],
    [
      when({ annotations: { gpu: "^yes$" } }),
      true,
      'the annotation "example.com/gpu" matches "gpu": "^yes$"',
    ],
    [when({ annotations: { gpu: "yes", nope: "" } }), false, 'no annotation matches "nope": ""'],
    [when({ annotations: { "^gpu": "" } }), false, 'no annotation matches "^gpu": ""'],
    [
      when({ annotations: { "(?i)GPU": "[[:alpha:]]+\\z" } }),
      true,
      'the annotation "example.com/gpu" matches "(?i)GPU": "[[:alpha:]]+\\\\z"',
    ],
    [when({ commands: ["nope", "busybox"] }), true, 'the command "/bin/busybox" has "busybox"'],
    [when({ always: true, commands: ["^busybox"] }), false, 'no pattern of commands is in "/bin/busybox"'],
    [old({}), false, "it has no condition"],
    [old({ annotations: ["back", "front"] }), true, 'the annotation "tier" matches ".*": "back|front"'],
    [old({ annotation: ["back"], hasbindmounts: true, cmd: ["nope"] }), true, "it has mounts"],
    [old({ annotation: ["back"], cmd: ["busy"] }), true, 'the command "/bin/busybox" has "busy"'],
    [old({ annotation: ["back"], cmd: ["nope"] }), false, 'no pattern of commands is in "/bin/busybox"'],
  ])("%j: %s, because %s", (conditions, matches, why) => {
    expect(matchHook(conditions, container)).toEqual({ matches, why });
  });

  it("for no container without a command, if it wants one", () => {
    expect(() => matchHook(when({ commands: ["x"] }), { ...container, args: [] })).toThrow(
      "process.args must have at least one entry",
    );
  });

  it("found at once, whatever the annotation: patterns take linear time", () => {
    const hostile = { ...container, annotations: { a: "a".repeat(200_000) } };
    expect(matchHook(when({ annotations: { a: "^(a+)+$|(a|a)*b" } }), hostile).matches).toBe(true);
    expect(matchHook(when({ annotations: { a: "(a+)+b" } }), hostile).matches).toBe(false);
  });
});

test("any file is read or refused with one line", () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          version: fc.constantFrom("1.0.0", "0.1.0", undefined, 1),
          hook: fc.oneof(
            fc.jsonValue(),
            fc.record(
              { path: fc.constantFrom("/a", 1), args: fc.jsonValue(), timeout: fc.jsonValue() },
              { requiredKeys: [] },
            ),
          ),
          when: fc.oneof(
            fc.jsonValue(),
            fc.record(
              { annotations: fc.dictionary(fc.string(), fc.string()), commands: fc.array(fc.string()) },
              { requiredKeys: [] },
            ),
          ),
          stages: fc.oneof(fc.jsonValue(), fc.array(fc.constantFrom("prestart", "poststop", "x"))),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(text, (one) => {
      try {
        const { when } = parseHookFile(one);
        expect(matchHook(when, { annotations: { a: one }, args: [one], hasBindMounts: false }).why).toMatch(
          /^[^\n]+$/,
        );
      } catch (error) {
        expect(String(error)).toMatch(/^Error: [^\n]+$/s);
      }
    }),
    { numRuns: 2_000 },
  );
});
