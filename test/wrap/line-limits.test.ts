import { beforeAll, describe, expect, test } from "vitest";
import { readPair, type WrapLine } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { type PluginRun, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, type Form, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* How much of a plugin's output is logged. */

beforeAll(buildPrograms);

const KIB = 1024;
const MIB = KIB * KIB;
const [HEAD, TAIL] = [48 * KIB, 16 * KIB];

function logOf(form: Form, call: BareCall): Promise<{ readonly run: PluginRun; readonly end: WrapLine }> {
  return withScratch(async (scratch) => {
    const run = await runPlugin(wrappedCall(form, scratch, call));
    return { run, end: readPair(scratch.lines())[1] };
  });
}

for (const form of forms) {
  describe.concurrent(`of a plugin wrapped ${form}`, () => {
    test.each([1, 1_000, HEAD, HEAD + 1, HEAD + TAIL])(
      "all of %d bytes of stderr are logged",
      async (bytes) => {
        const { run, end } = await logOf(form, { ill: `read;fill-err:${bytes};out:{}` });
        expect(run.stderr.length).toBe(bytes);
        expect(end.members.stderr === run.stderr.toString()).toBe(true);
      },
    );

    test.each([HEAD + TAIL + 1, HEAD + TAIL + 1_000, 1_000_000, 5_000_000])(
      "the first 48 KiB and the last 16 KiB of %d bytes of stderr are logged",
      async (bytes) => {
        const { run, end } = await logOf(form, { ill: `read;fill-err:${bytes};out:{}` });
        const [, head = "", left = "", tail = ""] =
          /^([\s\S]*?)\n?\[… (\d+) bytes …\]\n?([\s\S]*)$/.exec(String(end.members.stderr)) ?? [];
        expect(run.stderr.subarray(0, head.length).toString() === head).toBe(true);
        expect(run.stderr.subarray(-tail.length).toString() === tail).toBe(true);
        expect([head.length <= HEAD, tail.length <= TAIL]).toEqual([true, true]);
        expect(head.length).toBeGreaterThan(HEAD - 100);
        expect(tail.length).toBeGreaterThan(TAIL - 100);
        expect(Math.abs(Number(left) - (bytes - head.length - tail.length))).toBeLessThanOrEqual(2);
        expect(end.names).not.toContain("outputBytes");
      },
    );

    test("all of stderr is logged if it comes in drips", async () => {
      const steps = Array.from({ length: 50 }, (_, i) => `err:${i},;sleep:1`).join(";");
      const { run, end } = await logOf(form, { ill: `read;${steps}` });
      expect(end.members.stderr).toBe(run.stderr.toString());
    });

    test.each([65_536, 65_537, 1_000_000])("all of %d bytes of text on stdout are logged", async (bytes) => {
      const { run, end } = await logOf(form, { ill: `read;fill-out:${bytes}` });
      expect(end.names).not.toContain("outputBytes");
      expect(end.members.output === run.stdout.toString()).toBe(true);
    });

    test("all of 3 MB of JSON is logged as JSON", async () => {
      const config = { cniVersion: "1.0.0", name: "n", prevResult: { text: "x".repeat(3_000_000) } };
      const { run, end } = await logOf(form, { ill: "cat", config });
      expect(end.payload === run.stdout.toString()).toBe(true);
      expect(end.names).not.toContain("outputBytes");
    });
  });
}

describe.concurrent("of the output of a plugin", () => {
  test("more than 16 MiB are logged as their first 64 KiB and their number", async () => {
    const bytes = 16 * MIB + 1;
    const { run, end } = await logOf("in a list", { ill: `read;fill-out:${bytes}` });
    expect(run.stdout.length).toBe(bytes);
    expect(end.members.outputBytes).toBe(bytes);
    expect(end.members.output === run.stdout.subarray(0, 64 * KIB).toString()).toBe(true);
    expect(end.names.at(-1)).toBe("output");
  });

  test("more than 16 MiB of JSON are a string too", async () => {
    const config = { cniVersion: "1.0.0", name: "n", text: "x".repeat(16 * MIB) };
    const { run, end } = await logOf("in a list", { ill: "cat", config });
    expect(end.members.outputBytes).toBe(run.stdout.length);
    expect(end.members.output === run.stdout.subarray(0, 64 * KIB).toString()).toBe(true);
  });

  test("16 MiB are logged whole", async () => {
    const { run, end } = await logOf("in a list", { ill: `read;fill-out:${16 * MIB}` });
    expect(end.names).not.toContain("outputBytes");
    expect(end.members.output === run.stdout.toString()).toBe(true);
  });
});
