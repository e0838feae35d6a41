import type { Random } from "../../../scripts/fuzz/random.ts";

/** Takes lines out of a log. */
type Hole = (lines: readonly string[], random: Random) => string[];

function without(lines: readonly string[], from: number, count: number): string[] {
  return lines.filter((_, at) => at < from || at >= from + count);
}

const isOf = (tap: string) => (line: string) =>
  line.includes(`"tap":"${tap}"`) ||
  (line.startsWith("CNI") && line.includes("plugin=") === (tap === "wrap"));

/** How logs lose lines. */
export const HOLES: Readonly<Record<string, Hole>> = {
  "a line": (lines, random) => without(lines, random.below(lines.length), 1),
  "a few lines": (lines, random) => without(lines, random.below(lines.length), 1 + random.below(8)),
  "up to a third": (lines, random) =>
    without(lines, random.below(lines.length), random.below(lines.length / 3)),
  "a half line": (lines, random) => {
    const torn = random.below(lines.length);
    return lines.map((line, at) => (at === torn ? line.slice(0, 1 + random.below(line.length - 1)) : line));
  },
  "a tap's lines": (lines, random) => {
    const [from, to] = [random.below(lines.length), random.below(lines.length)];
    const isGone = isOf(random.pick(["pre", "post", "wrap"]));
    return lines.filter((line, at) => at < from || at > to || !isGone(line));
  },
  "many lines": (lines, random) => {
    const share = 1 + random.below(10);
    return lines.filter(() => random.below(100) >= share);
  },
};
