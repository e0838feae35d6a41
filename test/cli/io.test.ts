import { afterEach, expect, test, vi } from "vitest";
import { escapeForTerminal, paint, processIo } from "../../src/cli/io.ts";

afterEach(() => vi.unstubAllEnvs());

test("escapeForTerminal escapes control sequences and no other text", () => {
  expect(escapeForTerminal("a\tb\nc é € 😀")).toBe("a\tb\nc é € 😀");
  const controls = {
    ...{
      "\x1b": "\\x1b",
      "\r": "\\r",
      "\0": "\\x00",
      "\x7f": "\\x7f",
      "\x9b": "\\u009b",
      "\u202e": "\\u202e",
    },
    ...{
      "\u2066": "\\u2066",
      "\u200b": "\\u200b",
      "\u2028": "\\u2028",
      "\u2029": "\\u2029",
      "\ufeff": "\\ufeff",
    },
  };
  for (const [char, shown] of Object.entries(controls))
    expect(escapeForTerminal(`a${char}b`)).toBe(`a${shown}b`);
});

test("colours are used only on a terminal without NO_COLOR", () => {
  const before = process.stdout.isTTY;
  const colour = (isTTY: boolean, noColor: string) => {
    process.stdout.isTTY = isTTY;
    vi.stubEnv("NO_COLOR", noColor);
    return processIo().colour;
  };
  try {
    expect([colour(true, ""), colour(true, "1"), colour(false, "")]).toEqual([true, false, false]);
  } finally {
    process.stdout.isTTY = before;
  }
  expect(paint({ ...processIo(), colour: true }, "red", "x")).toBe("\x1b[31mx\x1b[0m");
  expect(paint({ ...processIo(), colour: false }, "red", "x")).toBe("x");
});
