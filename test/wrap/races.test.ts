import { beforeAll, describe, expect, test } from "vitest";
import { howOften } from "../support/soak.ts";
import { readWrapLine } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { type PluginRun, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* A signal comes at any time: while cni_wrap reads, before the plugin is started, while it is, and after. */

beforeAll(buildPrograms);

const [KILL, TERM, CHLD] = [9, 15, 17];
const TIMES = howOften(20, 600);
/** A call takes some milliseconds; the signals are spread over more than that. */
const SPREAD_US = 8_000;

const times = Array.from({ length: TIMES }, (_, i) => Math.round((i * SPREAD_US) / TIMES));

/** Makes a call for each time, and gives what came of it and what it logged to `judge`. */
async function atAnyTime(
  call: BareCall,
  signal: number,
  judge: (run: PluginRun, lines: readonly string[]) => void,
): Promise<void> {
  for (const form of forms) {
    let next = 0;
    const worker = async () => {
      for (let after = times[next++]; after !== undefined; after = times[next++]) {
        const options = { signals: signal, after, grace: 3_000 };
        await withScratch(async (scratch) => {
          const run = await runPlugin(wrappedCall(form, scratch, { ...call, options }));
          judge(run, scratch.lines());
        });
      }
    };
    await Promise.all([worker(), worker()]);
  }
}

function expectWhole(lines: readonly string[], most: number): void {
  const last = lines.map((line) => readWrapLine(line).names.at(-1));
  expect(last).toEqual(["input", "output"].slice(0, last.length));
  expect(last.length).toBeLessThanOrEqual(most);
}

describe.concurrent("at any time", () => {
  test("SIGKILL leaves neither the plugin nor half a line behind", async () => {
    await atAnyTime({ ill: "read;out:{};sleep:20000" }, KILL, (run, lines) => {
      expect(run).toMatchObject({ exit: null, signal: KILL, left: [] });
      expectWhole(lines, 1);
    });
  });

  test("SIGKILL leaves no plugin behind that never reads and has closed its streams", async () => {
    await atAnyTime({ ill: "close:0;close:1;close:2;sleep:20000" }, KILL, (run, lines) => {
      expect(run).toMatchObject({ exit: null, signal: KILL, left: [] });
      expectWhole(lines, 1);
    });
  });

  test("SIGTERM ends the plugin and cni_wrap, and is never lost", async () => {
    await atAnyTime({ ill: "read;sleep:10000;out:never" }, TERM, (run, lines) => {
      expect(run).toMatchObject({ exit: null, signal: TERM, left: [] });
      expect(run.stdout.toString()).toBe("");
      expect(run.ms).toBeLessThan(8_000);
      expectWhole(lines, 2);
    });
  });

  test("SIGTERM to a plugin that is about to end gives its answer or its death, not a part of both", async () => {
    await atAnyTime({ ill: "read;out:{}" }, TERM, (run, lines) => {
      expect([run.exit, run.signal]).toEqual(run.signal === null ? [0, null] : [null, TERM]);
      if (run.exit === 0) expect(run.stdout.toString()).toBe("{}");
      expect(run.left).toEqual([]);
      expectWhole(lines, 2);
    });
  });

  test("SIGCHLD from elsewhere changes nothing", async () => {
    await atAnyTime({ ill: "read;sleep:4;out:{};exit:3" }, CHLD, (run, lines) => {
      expect(run).toMatchObject({ exit: 3, signal: null, left: [] });
      expect(run.stdout.toString()).toBe("{}");
      expect(lines).toHaveLength(2);
    });
  });
});
