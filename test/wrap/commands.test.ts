import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { formats } from "../support/stanza.ts";
import { common } from "./support/behaviours.ts";
import { expectSameAnswer } from "./support/compare.ts";
import { readPair } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { runPlugin } from "./support/run-plugin.ts";
import { type BareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* For each command: whether the plugin is started, and which lines are logged. */

beforeAll(buildPrograms);

const logged = {
  ADD: formats,
  DEL: formats,
  CHECK: ["json"],
  GC: ["json"],
  FUTURE: ["json"],
  STATUS: [],
} as const;

for (const form of forms) {
  for (const [command, inFormats] of Object.entries(logged)) {
    for (const logFormat of formats) {
      // The format has no part in the answer: some will do in the other.
      const some = Object.entries(common).slice(logFormat === "json" ? 0 : -3);
      const count = (inFormats as readonly string[]).includes(logFormat) ? 2 : 0;
      describe.concurrent(
        `${command} for a plugin wrapped ${form}, logged in the ${logFormat} format`,
        () => {
          test.each(some)(
            `has the answer of the bare one that %s, and ${count} lines`,
            async (_what, call) => {
              const { lines } = await expectSameAnswer(form, { ...call, command }, { logFormat });
              expect(lines).toHaveLength(count);
              if (count === 2 && logFormat === "json")
                expect(readPair(lines)[0].members.command).toBe(command);
            },
          );
        },
      );
    }
  }

  for (const logFormat of formats) {
    test(`STATUS for a plugin wrapped ${form} is logged with logStatus, in json`, async () => {
      const call: BareCall = { ill: "read;out:{};exit:1", command: "STATUS" };
      const { lines } = await expectSameAnswer(form, call, { logFormat, logStatus: true });
      expect(lines).toHaveLength(logFormat === "json" ? 2 : 0);
    });
  }
}

describe.concurrent("VERSION", () => {
  test.each(Object.entries(common))(
    "by the plugin's name has the answer of the bare one that %s",
    async (_what, call) => {
      const env = { CNI_CONTAINERID: "", CNI_NETNS: "dummy", CNI_IFNAME: "dummy", CNI_ARGS: "" };
      const { lines } = await expectSameAnswer(
        "by its name",
        { ...call, command: "VERSION", env },
        { logStatus: true },
      );
      expect(lines).toEqual([]);
    },
  );

  test.each(["1.0.0", "0.3.1", "9.9.9"])(
    "%s in a list has all versions, and starts no plugin",
    async (cniVersion) => {
      await withScratch(async (scratch) => {
        const mark = scratch.path("mark");
        const call: BareCall = {
          ill: `mark:${mark};out:never`,
          command: "VERSION",
          stdin: JSON.stringify({ cniVersion }),
        };
        const run = await runPlugin(wrappedCall("in a list", scratch, call));
        const known = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];
        const supportedVersions = known.includes(cniVersion) ? known : [...known, cniVersion];
        expect(run.stdout.toString()).toBe(JSON.stringify({ cniVersion, supportedVersions }));
        expect(run).toMatchObject({ exit: 0, signal: null });
        expect(existsSync(mark)).toBe(false);
        expect(scratch.names()).toEqual([]);
      });
    },
  );
});

describe.concurrent("a call without CNI_COMMAND by the plugin's name", () => {
  test.each(Object.entries(common))("has the answer of the bare one that %s", async (_what, call) => {
    const { lines } = await expectSameAnswer("by its name", { ...call, command: null });
    expect(lines).toEqual([]);
  });
});

describe.concurrent("one call starts the plugin once", () => {
  for (const form of forms) {
    test.each(["out:{}", "out:{};exit:1", "kill:9", "close:0;close:1;close:2"])(
      `wrapped ${form}: %s`,
      async (ill) => {
        await withScratch(async (scratch) => {
          const mark = scratch.path("mark");
          await runPlugin(wrappedCall(form, scratch, { ill: `mark:${mark};${ill}` }));
          const { readFileSync } = await import("node:fs");
          expect(readFileSync(mark, "utf8")).toMatch(/^\d+\n$/);
        });
      },
    );
  }
});
