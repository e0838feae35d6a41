import { expect, test } from "vitest";
import { wrapText } from "../../src/cli/text-columns.ts";

const TEXT = "Look for what calico waits for: its daemon, its data store, or the API server.";

test("a text is wrapped at its spaces, below its own beginning", () => {
  expect(wrapText(TEXT, 4, 40)).toBe(
    "Look for what calico waits for: its\n    daemon, its data store, or the API\n    server.",
  );
  expect(wrapText("", 4, 40)).toBe("");
});

test("nothing is lost or too long at any width, but for words that are longer themselves", () => {
  const words = `${TEXT} /var/lib/cni/results/k8s-pod-network-8706c4ebfb2627fdf7e79d2b47f666309ce-eth0 é漢 x`;
  for (let columns = 0; columns < 140; columns++) {
    const lines = wrapText(words, 10, columns).split("\n");
    expect(lines.map((line) => line.trimStart()).join(" ")).toBe(words);
    if (columns < 40) expect(lines).toHaveLength(1);
    else
      for (const [at, line] of lines.entries())
        if (line.trimStart().includes(" "))
          expect(line.length + (at === 0 ? 10 : 0)).toBeLessThanOrEqual(columns);
  }
});

test("what is no terminal gets one line", () => {
  expect(wrapText(TEXT, 4, null)).toBe(TEXT);
});
