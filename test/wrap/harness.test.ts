import { chmodSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { amounts, answers, common, ends, readers } from "./support/behaviours.ts";
import { bareAnswer } from "./support/compare.ts";
import { buildPrograms, illPath } from "./support/programs.ts";
import { answerOf, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, bareCall, withScratch } from "./support/wrapped.ts";

/* The comparison itself: a plugin is equal to itself, and a wrapper that a shell would be is found out. */

beforeAll(buildPrograms);

const all: Readonly<Record<string, BareCall>> = { ...answers, ...readers, ...amounts, ...ends, ...common };
/** One signal is as another for the comparison itself. */
const some = Object.entries(all).filter(([what]) => !/^dies of signal (?!9$|64$)/.test(what));

/** A wrapper as one writes it at first. */
const naive = `#!/bin/sh
cat | ${illPath}
`;

function naiveAnswer(call: BareCall) {
  return withScratch(async (scratch) => {
    const program = scratch.path("naive");
    writeFileSync(program, naive);
    chmodSync(program, 0o755);
    return answerOf(await runPlugin({ ...bareCall(call), program }));
  });
}

describe.concurrent("a plugin answers as itself", () => {
  test.each(some)("that %s", async (_what, call) => {
    expect(answerOf(await runPlugin(bareCall(call)))).toEqual(await bareAnswer(call));
  });
});

describe.concurrent("a shell in a plugin's place is found out where the plugin", () => {
  const different = [
    "tells what it finds itself to be",
    "dies of a signal without a word",
    "dies of signal 9",
    "dies of signal 64",
    "reads a part of stdin and dies",
  ];
  test.each(different)("%s", async (what) => {
    const call = all[what];
    if (call === undefined) throw new Error(`Cannot find ${what}`);
    expect(await naiveAnswer(call)).not.toEqual(await bareAnswer(call));
  });
});

describe.concurrent("a shell in a plugin's place passes where the plugin", () => {
  test.each(["prints a result", "exits with 3", "prints 1 MB"])("%s", async (what) => {
    const call = all[what];
    if (call === undefined) throw new Error(`Cannot find ${what}`);
    expect(await naiveAnswer(call)).toEqual(await bareAnswer(call));
  });
});
