import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { mutate, readSeeds } from "../../scripts/fuzz/mutate.ts";
import { type Random, randomOf } from "../../scripts/fuzz/random.ts";
import { INPUT_LEVELS_MOST } from "../../src/native/limits.ts";
import { scanTwin } from "../native/twin/twin-scan.ts";
import {
  describeOnPrivateMachine,
  type PrivateMachine,
  usePrivateMachine,
} from "../support/private-mounts.ts";
import type { TapRun } from "../support/run-tap.ts";
import { howOften } from "../support/soak.ts";
import { WRAP } from "../support/wrap-path.ts";

/*
 * Captured requests with changes, and `cniTap` in all places. The plugin is cat(1), so that the answer is what it was
 * given. The script and the last resort must both give what JSON.parse says of it.
 */

const SEED = 20_261_121;
const failing = join(ROOT, "build", "faulty", "wrap-fuzz", "cni_wrap");

beforeAll(async () => {
  const entry = join(ROOT, "test/native/faulty/throws-early.ts");
  await buildTap({ program: "wrap", name: "cni_wrap", entry, out: failing, snapshot: false });
});

const TYPES = ['"cat"', '"cat"', '"cat"', '"c\\u0061t"', '"nobody"', '"../cat"', '""', "7", "null"] as const;
const KEYS = ['"cniTap"', '"cniTap"', '"cniT\\u0061p"', '"CniTap"', '"cniTap "'] as const;
const SPACES = ["", "", " ", "\n", "\t \r\n"] as const;

function addMembers(random: Random, text: string): string {
  let changed = text;
  for (let count = random.below(4); count >= 0; count--) {
    const space = random.pick(SPACES);
    const settings = `{"logFormat":"json",${space}"type":${space}${random.pick(TYPES)}}`;
    const value = random.once(8)
      ? random.pick(['"cat"', "[]", "{}", '{"x":{"type":"cat"}}'] as const)
      : settings;
    const member = random.once(4) ? '"type":"cni_wrap"' : `${random.pick(KEYS)}${space}:${space}${value}`;
    const last = changed.lastIndexOf("}");
    changed = random.once(2)
      ? changed.replace(
          /^\s*\{(\s*)(\}?)/,
          (_, inner, end) => `{${inner}${member}${end ? "" : `${space},`}${end}`,
        )
      : `${changed.slice(0, last)}${/^\s*\{\s*$/.test(changed.slice(0, last)) ? "" : `,${space}`}${member}${changed.slice(last)}`;
  }
  return changed;
}

/** What JSON.parse makes of what the plugin is to be given; null if there is none, "missing" if it is not there. */
function expectedInput(stdin: string): unknown {
  const request = {
    ...{ depthLimit: INPUT_LEVELS_MOST, secretLimit: 0, everywhere: false, members: ["cniTap", "type"] },
  };
  const scan = scanTwin(Buffer.from(stdin, "latin1"), request);
  const [start = 0, end = 0, , typeEnd = 0] = scan.members;
  if (scan.error !== 0 || end === 0 || stdin.charAt(start) !== "{") return null;
  const { type }: { type?: unknown } = JSON.parse(stdin.slice(start, end));
  if (typeof type !== "string") return null;
  if (type !== "cat") return "missing";
  const { cniTap: _, ...rest }: Record<string, unknown> = JSON.parse(stdin);
  return typeEnd > 0 ? { ...rest, type } : rest;
}

function codeOf({ stdout }: TapRun): unknown {
  return stdout.length === 0 ? null : JSON.parse(stdout.toString("latin1")).code;
}

async function tryOne(
  index: number,
  machine: PrivateMachine,
  seeds: ReturnType<typeof readSeeds>,
): Promise<string> {
  const random = randomOf(SEED, index);
  const call = mutate(random, seeds);
  const stdin = addMembers(random, call.stdin);
  const CNI_COMMAND = random.pick(["ADD", "ADD", "DEL", "CHECK", "GC", "NEW"] as const);
  const env = { CNI_COMMAND, CNI_CONTAINERID: String(index), CNI_PATH: "/bin:/usr/bin" };
  const made = { role: "pre", env, stdin: Buffer.from(stdin, "latin1"), timeoutMs: 30_000 } as const;
  const [own, last] = await Promise.all([
    machine.run({ ...made, exe: WRAP }),
    machine.run({ ...made, exe: failing }),
  ]);
  const why = `call ${index}: ${stdin.slice(0, 2000)}`;
  expect([own.signal, last.signal], why).toEqual([null, null]);
  expect(last.code, why).toBe(own.code);
  const expected = expectedInput(stdin);
  if (expected === null || expected === "missing") {
    expect(codeOf(last), why).toBe(codeOf(own));
    if (expected === "missing") expect([own.code, codeOf(own)], why).toEqual([1, 999]);
    return expected ?? "none";
  }
  expect(own.stdout.length, why).toBeGreaterThan(0);
  expect(last.stdout.equals(own.stdout), why).toBe(true);
  expect(JSON.parse(own.stdout.toString("latin1")), why).toEqual(expected);
  return "given";
}

describeOnPrivateMachine("mutated requests with cniTap in any place", () => {
  test(
    "give the plugin what is left of them, by the script and by the last resort",
    { timeout: 3_600_000 },
    async () => {
      const machine = usePrivateMachine();
      const seeds = readSeeds();
      const outcomes: string[] = [];
      const many = howOften(120, 20_000);
      const inTurn = async (from: number) => {
        for (let index = from; index < many; index += 4) outcomes.push(await tryOne(index, machine, seeds));
      };
      await Promise.all([0, 1, 2, 3].map(inTurn));
      expect(new Set(outcomes)).toEqual(new Set(["given", "missing", "none"]));
    },
  );
});
