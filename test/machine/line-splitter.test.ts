import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "../../src/machine/line-splitter.ts";

function split(chunks: readonly string[], mostBytes?: number): string[] {
  const lines: string[] = [];
  const add = (bytes: Buffer, from: number, to: number) => {
    lines.push(bytes.toString("latin1", from, to));
  };
  const splitter = new LineSplitter(mostBytes);
  const chunk = Buffer.alloc(64);
  for (const text of chunks) splitter.push(chunk.subarray(0, chunk.write(text, "latin1")), add);
  splitter.end(add);
  return lines;
}

test("gives the lines of any text, however it is cut", () => {
  const chunk = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 9 });
  fc.assert(
    fc.property(fc.array(chunk), (chunks) => {
      const expected = chunks.join("").split("\n");
      if (expected.at(-1) === "") expected.pop();
      expect(split(chunks)).toEqual(expected);
    }),
  );
});

test("gives only the start of a line that is too long, and the next one whole", () => {
  const lines = split(["aaaa", "bbbb", "cccc", "cccc", "\nnext\n", "x"], 10);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^aaaabbbb/);
  expect(lines.slice(1)).toEqual(["next", "x"]);
});
