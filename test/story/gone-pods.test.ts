import { describe, expect, test } from "vitest";
import { generateLog } from "../../scripts/log/generate.ts";
import { summarizePod } from "../../src/story/summary.ts";
import { podLine, readLines, tapLine } from "./support.ts";

const other = Array.from({ length: 5000 }, (_, at) => tapLine("CHECK", "pre", { at, id: "z", pod: "a/b" }));
const PAIR = [tapLine("ADD", "pre", { at: 0 }), tapLine("ADD", "post", { at: 9 })];
const REMOVED = podLine("RemovePodSandbox", { at: 100 });
const LATE = tapLine("DEL", "post", { at: 99, netns: "" });

describe("closeGone", () => {
  test("closes a removed pod's story some thousand lines later, and leaves out what still comes", () => {
    const { stories } = readLines([...PAIR, REMOVED, LATE, ...other, LATE, REMOVED], { closeGone: true });
    expect(stories.map(({ containerId }) => containerId)).toEqual(["c1", "z"]);
    expect(stories[0]?.attachments[0]?.calls).toHaveLength(3);
  });

  test("begins a new story with a new ADD", () => {
    const { stories } = readLines([...PAIR, REMOVED, ...other, ...PAIR], { closeGone: true });
    expect(stories.map(({ containerId }) => containerId)).toEqual(["c1", "z", "c1"]);
  });

  test("tells the same of each pod as without it", () => {
    let text = "";
    const truth = generateLog({ seed: 9, bytes: 8_000_000 }, (more) => {
      text += more;
    });
    const lines = text.trimEnd().split("\n");
    const tell = (closeGone: boolean) =>
      readLines(lines, { closeGone })
        .stories.map((story) => JSON.stringify([story.containerId, summarizePod(story)]))
        .sort();
    const stories = tell(true);
    expect(stories).toHaveLength(truth.pods);
    expect(stories).toEqual(tell(false));
  });
});
