import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { howOften } from "../support/soak.ts";
import { buildPrograms, wrapPath } from "./support/programs.ts";
import { runPlugin } from "./support/run-plugin.ts";
import { withoutSpace } from "./support/tokens.ts";
import { bareCall, libcniText, logSettings, withScratch } from "./support/wrapped.ts";

beforeAll(buildPrograms);

const space = fc.constantFrom("", "", "", " ", "\n", "\r\n", "\t ", "  ");

/** A text in any spelling that JSON has for it. */
function spelled(text: string): fc.Arbitrary<string> {
  const units = text.split("");
  return fc.array(fc.boolean(), { minLength: units.length, maxLength: units.length }).map((escaped) => {
    const spell = (unit: string, i: number) =>
      escaped[i]
        ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
        : JSON.stringify(unit).slice(1, -1);
    return `"${units.map(spell).join("")}"`;
  });
}

interface Member {
  readonly key: string;
  readonly spelling: string;
  readonly value: string;
  readonly spaces: readonly string[];
}

const anyKey = fc.oneof(
  fc.constantFrom("type", "type", "cniTap", "name", "cniVersion", "prevResult", "cnitap", "cniTap2", ""),
  fc.string({ unit: "binary", maxLength: 8 }),
);

const member: fc.Arbitrary<Member> = anyKey.chain((key) =>
  fc.record({
    key: fc.constant(key),
    spelling: spelled(key),
    value: fc.oneof(
      fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
      fc.constantFrom('{ "type" : "no", "cniTap":{}}', "1e400", "-0.0", '"\\"cniTap\\":"', "[ 1 , {}\n]"),
    ),
    spaces: fc.array(space, { minLength: 4, maxLength: 4 }),
  }),
);

function text(members: readonly Member[]): string {
  const all = members.map(
    ({ spelling, value, spaces: [a, b, c, d] }) => `${a}${spelling}${b}:${c}${value}${d}`,
  );
  return `{${all.join(",")}}`;
}

/** What the specification of cni_wrap says that the plugin gets, but for white space. */
function expected(members: readonly Member[]): string {
  const left = members.filter(({ key }) => key !== "cniTap");
  const last = left.findLast(({ key }) => key === "type");
  return text(left.map((one) => (one === last ? { ...one, value: '"ill"' } : one)));
}

test("a plugin in a list gets any stanza with its own type and without cniTap", async () => {
  await withScratch(async (scratch) => {
    const settings = JSON.stringify({ ...logSettings(scratch), type: "ill" });
    const own: fc.Arbitrary<Member> = fc.record({
      key: fc.constant("cniTap"),
      spelling: spelled("cniTap"),
      value: fc.constant(settings),
      spaces: fc.array(space, { minLength: 4, maxLength: 4 }),
    });
    const stanzas = fc.tuple(fc.array(member, { maxLength: 8 }), own, fc.array(member, { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(stanzas, async ([before, cniTap, after]) => {
        // The last cniTap counts, and must be the one that names the plugin.
        const members = [...before, cniTap, ...after.filter(({ key }) => key !== "cniTap")];
        const stdin = text(members);
        const run = await runPlugin({ ...bareCall({ ill: "cat" }), program: wrapPath(), stdin });
        expect(run.exit).toBe(0);
        expect(run.stderr.toString()).toBe("");
        expect(withoutSpace(run.stdout.toString())).toBe(withoutSpace(expected(members)));
      }),
      { numRuns: howOften(60, 1_000) },
    );
  });
});

test("a plugin in a list gets any compact stanza as libcni would have sent it", async () => {
  await withScratch(async (scratch) => {
    const cniTap = { type: "ill", ...logSettings(scratch) };
    const configs = fc.dictionary(
      fc.string({ unit: "grapheme", maxLength: 8 }).filter((key) => key !== "__proto__"),
      fc.jsonValue({ maxDepth: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(configs, async (config) => {
        const stdin = libcniText({ ...config, type: "cni_wrap", cniTap });
        const run = await runPlugin({ ...bareCall({ ill: "cat" }), program: wrapPath(), stdin });
        const { cniTap: _, ...bare } = config as Record<string, unknown>;
        expect(run.stdout.toString()).toBe(libcniText({ ...bare, type: "ill" }));
      }),
      { numRuns: howOften(60, 1_000) },
    );
  });
});
