import { beforeAll, describe, expect, test } from "vitest";
import type { Scratch } from "../support/scratch.ts";
import { always, readPair, readWrapLine, type WrapLine } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { type PluginRun, runPlugin } from "./support/run-plugin.ts";
import {
  type BareCall,
  bareCall,
  type Form,
  forms,
  type Settings,
  withScratch,
  wrappedCall,
} from "./support/wrapped.ts";

/* What the two lines of a call tell. */

beforeAll(buildPrograms);

interface Logged {
  readonly run: PluginRun;
  readonly begin: WrapLine;
  readonly end: WrapLine;
}

function logOf(
  form: Form,
  call: BareCall,
  settings: Settings = {},
  look?: (scratch: Scratch) => void,
): Promise<Logged> {
  return withScratch(async (scratch) => {
    const run = await runPlugin(wrappedCall(form, scratch, call, settings));
    look?.(scratch);
    const [begin, end] = readPair(scratch.lines());
    return { run, begin, end };
  });
}

async function classicOf(form: Form, call: BareCall): Promise<readonly string[]> {
  return withScratch(async (scratch) => {
    await runPlugin(wrappedCall(form, scratch, call, { logFormat: "classic" }));
    return scratch.lines();
  });
}

const result = '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}';

/** [stdout in steps of `ill`, output as text in the log] */
const outputs: readonly (readonly [string, string, string])[] = [
  ["a result", `out:${result}`, result],
  ["a result and a line feed", `out:${result}\\n`, result],
  ["a result with white space", 'out: {\\n "a" : [1.0, 1e400] }\\n', '{  "a" : [1.0, 1e400] }'],
  ["keys given twice", 'out:{"a":1,"a":2}', '{"a":1,"a":2}'],
  ["an array", "out:[1]", "[1]"],
  ["a number", "out:1.0", "1.0"],
  ["a string", 'out:"x"', '"x"'],
  ["null", "out:null", "null"],
  ["true", "out:true", "true"],
  ["nothing", "read", "null"],
  ["text", "out:hello there", '"hello there"'],
  ["a line", "out:hello\\n", '"hello\\n"'],
  ["half of its JSON", 'out:{"a":', '"{\\"a\\":"'],
  ["two values", "out:{}{}", '"{}{}"'],
  ["two lines of JSON", "out:{}\\n{}\\n", '"{}\\n{}\\n"'],
  ["one byte", "out:x", '"x"'],
  ["a NUL byte", "out:a\\x00b", '"a\\u0000b"'],
  ["an escape for terminals", "out:\\x1b[31m", '"\\u001b[31m"'],
];

for (const form of forms) {
  describe.concurrent(`a json line of a plugin wrapped ${form}`, () => {
    test("has the call's facts, what went in, and what came out", async () => {
      const call: BareCall = { ill: `read;out:${result}` };
      const { run, begin, end } = await logOf(form, call);
      expect(begin.names).toEqual([...always, "plugin", "input"]);
      expect(end.names).toEqual([...always, "plugin", "ms", "exit", "output"]);
      expect(begin.members).toMatchObject({
        v: 1,
        tap: "wrap",
        build: expect.stringMatching(/./),
        command: "ADD",
        containerId: "c1",
        network: "k8s-pod-network",
        cniVersion: "1.0.0",
        ifname: "eth0",
        netns: "/var/run/netns/n1",
        args: { IgnoreUnknown: "1", K8S_POD_NAME: "web-0" },
        plugin: "ill",
      });
      expect(begin.members.pid).toBe(run.pid);
      expect(begin.payload).toBe(bareCall(call).stdin);
      expect(end.members).toMatchObject({ exit: 0, output: JSON.parse(result) });
    });

    test.each([0, 1, 7, 255])("has the exit status %d", async (exit) => {
      expect((await logOf(form, { ill: `read;exit:${exit}` })).end.members).toMatchObject({
        exit,
        output: null,
      });
    });

    test.each([1, 6, 9, 11, 13, 15, 32, 64])("has the signal %d in its place", async (signal) => {
      const { end } = await logOf(form, { ill: `read;kill:${signal}` });
      expect(end.names).toEqual([...always, "plugin", "ms", "signal", "output"]);
      expect(end.members.signal).toBe(signal);
    });

    test("has stderr where there was any", async () => {
      const { end } = await logOf(form, { ill: 'read;err:WARN "x" \\\\ é\\x01\\n;out:{};err:last' });
      expect(end.names).toEqual([...always, "plugin", "ms", "exit", "stderr", "output"]);
      expect(end.members.stderr).toBe('WARN "x" \\ é\u0001\nlast');
    });

    test.each(outputs)("has the output of a plugin that prints %s", async (_what, ill, text) => {
      const { end } = await logOf(form, { ill: `read;${ill}` });
      expect(end.payload).toBe(text);
    });

    test("keeps bytes that are not UTF-8", async () => {
      await withScratch(async (scratch) => {
        await runPlugin(wrappedCall(form, scratch, { ill: "read;out:<\\xff\\xc0>;err:<\\xfe>" }));
        expect(scratch.log().toString("latin1")).toContain('"stderr":"<\xfe>","output":"<\xff\xc0>"}\n');
      });
    });

    test("tells a terminal nothing", async () => {
      const ill = 'read;err:\\x7f\\xc2\\x9b31m\\x1b[0m;out:{"a":"\\x7f\\xc2\\x9b"}';
      await logOf(form, { ill }, {}, (scratch) => {
        const codes = [...scratch.log().toString()].map((c) => c.codePointAt(0) ?? 0);
        const obeyed = codes.filter(
          (code) => code !== 0x0a && (code < 0x20 || (code >= 0x7f && code < 0xa0)),
        );
        expect(obeyed).toEqual([]);
      });
    });

    test("has the plugin's time, to the microsecond and without the waits for the lock", async () => {
      const { run, end } = await logOf(form, { ill: "read;sleep:150;out:{}" });
      expect(end.members.ms).toBeGreaterThanOrEqual(150);
      expect(end.members.ms).toBeLessThanOrEqual(run.ms);
      await withScratch(async (scratch) => {
        await runPlugin(wrappedCall(form, scratch, { ill: "read;out:{}" }));
        expect(scratch.lines()[1]).toMatch(/,"ms":\d+\.\d{3},"exit":0,/);
      });
    });

    test("has times before the plugin's begin and after its end", async () => {
      const { begin, end } = await logOf(form, { ill: "read;sleep:150;out:{}" });
      const took = Date.parse(String(end.members.time)) - Date.parse(String(begin.members.time));
      expect(took).toBeGreaterThanOrEqual(149);
    });

    test("has the label", async () => {
      await withScratch(async (scratch) => {
        await runPlugin(wrappedCall(form, scratch, { ill: "read" }, { label: "calico, wrapped" }));
        for (const line of scratch.lines()) {
          expect(readWrapLine(line).members.label).toBe("calico, wrapped");
          expect(readWrapLine(line).names.slice(0, 12)).toEqual(always);
        }
        expect(scratch.lines()).toHaveLength(2);
      });
    });

    test("is written before the plugin starts, the other after its end", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: `read;show:${scratch.logFile};sleep:50;show:${scratch.logFile}` };
        const run = await runPlugin(wrappedCall(form, scratch, call));
        const [begin] = scratch.lines();
        expect(run.stdout.toString()).toBe(`${begin}\n${begin}\n`);
        readPair(scratch.lines());
      });
    });

    test("comes once for each of 20 calls at a time, each with its other", async () => {
      await withScratch(async (scratch) => {
        const calls = Array.from({ length: 20 }, (_, i) => ({
          ill: "cat",
          env: { CNI_CONTAINERID: `c${i}` },
        }));
        const settings = { lockTimeoutMs: 5_000 };
        const [first, ...more] = calls.map((call) => () => wrappedCall("in a list", scratch, call, settings));
        await Promise.all([first, ...more].map((make) => make && runPlugin(make())));
        const lines = scratch.lines().map(readWrapLine);
        for (const { env } of calls) {
          const own = lines.filter(({ members }) => members.containerId === env.CNI_CONTAINERID);
          expect(own.map(({ names }) => names.at(-1))).toEqual(["input", "output"]);
          expect(own[0]?.members.pid).toBe(own[1]?.members.pid);
        }
        expect(lines).toHaveLength(40);
      });
    });
  });

  describe.concurrent(`a classic line of a plugin wrapped ${form}`, () => {
    const shown = "CNI_COMMAND=ADD,CNI_CONTAINERID=c1,plugin=ill";

    test.each([
      ["read;out:{}", "exit=0,ms=#,output={}"],
      ["read", "exit=0,ms=#,output=null"],
      ["read;exit:1", "exit=1,ms=#,output=null"],
      ["read;kill:9", "signal=9,ms=#,output=null"],
      ["read;out:hello;exit:2", 'exit=2,ms=#,output="hello"'],
      ['read;err:e "x"\\n;out:[1];exit:1', 'exit=1,ms=#,stderr="e \\"x\\"\\n",output=[1]'],
    ])("has what the plugin gave: %s", async (ill, text) => {
      const call: BareCall = { ill };
      const [begin, end, ...rest] = await classicOf(form, call);
      expect(rest).toEqual([]);
      expect(begin).toBe(`${shown},input=${bareCall(call).stdin}`);
      expect(end?.replace(/,ms=\d+\.\d{3},/, ",ms=#,")).toBe(`${shown},${text}`);
    });
  });
}
