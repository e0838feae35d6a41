import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { limitsFor } from "../../../src/plugins/ulimit-adjuster/ulimits.ts";

const NEW = "ulimits.noderesource.dev/container.c0";
const OLD = "ulimits.nri.containerd.io/container.c0";
const nothing = () => {};
const limits = (annotations: Record<string, string>) => limitsFor("c0", annotations, nothing);
const of = (text: string) => limits({ [NEW]: text });

describe("limits", () => {
  it("are those of the sample of Go's plugin, in its order", () => {
    const text = `- type: memlock
  hard: 987654
  soft: 645321
- type: RLIMIT_NOFILE
  hard: 4096
  soft: 1024
- type: nproc
  hard: 9000
`;
    expect(limits({ [OLD]: text })).toEqual([
      { type: "RLIMIT_MEMLOCK", hard: 987654n, soft: 645321n },
      { type: "RLIMIT_NOFILE", hard: 4096n, soft: 1024n },
      { type: "RLIMIT_NPROC", hard: 9000n, soft: 0n },
    ]);
  });

  const one = (type: string) => `[{type: ${type}, hard: 2, soft: 1}]`;
  it.each<[string, Record<string, string>, number]>([
    ["the newer key counts", { [NEW]: "[]", [OLD]: one("core") }, 0],
    ["an empty newer key hides the older", { [NEW]: "", [OLD]: one("core") }, 0],
    ["the older counts alone", { [OLD]: one("core") }, 1],
    ["other containers' keys do not count", { [`${NEW}0`]: one("core"), [NEW.slice(0, -1)]: one("core") }, 0],
    [
      "the pod's and the bare key do not count",
      { "ulimits.noderesource.dev": one("core"), "ulimits.noderesource.dev/pod": one("core") },
      0,
    ],
    ["nothing is no limits", {}, 0],
  ])("%s", (_, annotations, count) => {
    expect(limits(annotations)).toHaveLength(count);
  });

  it.each(
    "as Core CPU rlimit_data Rlimit_FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK".split(
      " ",
    ),
  )("may be of the type %s", (type) => {
    const name = type.toUpperCase().replace("RLIMIT_", "");
    expect(of(one(type))).toEqual([{ type: `RLIMIT_${name}`, hard: 2n, soft: 1n }]);
  });

  it.each([
    ["[{type: bogus, hard: 1, soft: 1}]", 'failed to parse type: "bogus"'],
    ["[{hard: 1}]", 'failed to parse type: ""'],
    ["[{type: RLIMIT_RLIMIT_CORE}]", 'failed to parse type: "RLIMIT_RLIMIT_CORE"'],
    ['[{type: " core"}]', 'failed to parse type: " core"'],
    ['[{type: "\\e[31m\\0"}]', 'failed to parse type: "\\x1b[31m\\x00"'],
    [`[{type: ${"x".repeat(1000)}}]`, `failed to parse type: "${"x".repeat(128)}..."`],
    ["[{type: nofile, hard: 1, soft: 2}]", 'ulimit "RLIMIT_NOFILE" must have hard limit >= soft limit'],
    [
      "unlimited",
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type []main.ulimit",
    ],
    [
      "[{type: core, hard: -1}]",
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number -1 into Go struct field ulimit.hard of type uint64",
    ],
    [
      "[{type: core, hard: unlimited}]",
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field ulimit.hard of type uint64",
    ],
  ])("are refused with the words of Go's plugin: %s", (text, message) => {
    expect(() => of(text)).toThrow(new Error(message));
  });

  it("explain themselves", () => {
    const said: unknown[] = [];
    const debug = (...words: unknown[]) => void said.push(words);
    limitsFor("c0", {}, debug);
    expect(() => limitsFor("c0", { [NEW]: "[{type: x}]" }, debug)).toThrow();
    expect(said).toEqual([
      [`no annotations found with keys [${NEW} ${OLD}]`],
      ["failed to parse annotations", { error: 'failed to parse type: "x"' }],
    ]);
  });
});

test("any annotation gives valid limits or one short, printable line", () => {
  const word = fc.constantFrom(
    "type",
    "hard",
    "soft",
    "nofile",
    "core",
    "-1",
    "1e3",
    "0x7",
    ": ",
    ", ",
    "[",
    "]",
    "{",
    "}",
    "\n- ",
    "\n  ",
    "&a ",
    "*a",
    "\0",
    "\x1b[2J",
    "yes",
    "'",
  );
  const any = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(word, { maxLength: 40 }).map((words) => `- type: ${words.join("")}`),
  );
  fc.assert(
    fc.property(any, (text) => {
      try {
        for (const { type, hard, soft } of of(text)) {
          expect(type).toMatch(/^RLIMIT_[A-Z]+$/);
          expect(hard >= soft && soft >= 0n && hard < 2n ** 64n).toBe(true);
        }
      } catch (error) {
        expect(String(error)).toMatch(/^Error: [^\p{C}\p{Zl}\p{Zp}]{1,700}$/u);
      }
    }),
    { numRuns: 1_500 },
  );
});
