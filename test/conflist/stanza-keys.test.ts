import { expect, test } from "vitest";
import { readKeys } from "../../src/conflist/stanza-keys.ts";

test("readKeys reads only own keys, and does not look into arrays and objects", () => {
  const endless: unknown[] = [];
  endless.push(endless);
  const inherited: Record<string, unknown> = Object.create({ redact: 5 });
  expect(readKeys(inherited).stanza.complaints).toEqual([]);
  const { complaints } = readKeys({
    label: endless,
    redact: { a: endless },
    logStatus: null,
    other: 5,
  }).stanza;
  expect(complaints.map((text) => text.replace(/:.*saw/, ": saw"))).toEqual([
    expect.stringContaining("logStatus: saw null"),
    expect.stringContaining("redact: saw an object"),
    expect.stringContaining("label: saw an array"),
  ]);
});
