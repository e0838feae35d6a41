import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { appendLines } from "../../src/machine/append-lines.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { makeScratch, type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const encode = (...lines: readonly string[]) => lines.map((line) => Buffer.from(`${line}\n`));
const APPEND_LINES = join(ROOT, "src/machine/append-lines.ts");
const isRoot = process.getuid?.() === 0;

/** A scratch directory whose log has this text. */
function useLog(text: string, mode = 0o600): Scratch {
  const scratch = useScratch();
  writeFileSync(scratch.logFile, text, { mode });
  chmodSync(scratch.logFile, mode); // without the umask
  return scratch;
}

describe("appendLines", () => {
  it("creates a missing log with mode 0600", () => {
    const { logFile, log } = useScratch();
    expect(appendLines(logFile, encode("a", "b"), 0)).toEqual({ lines: 2, fault: null });
    expect(log().toString()).toBe("a\nb\n");
    expect(statSync(logFile).mode & 0o7777).toBe(0o600);
  });

  it.each([
    ["an empty log", "", "new\n"],
    ["a line", "old\n", "old\nnew\n"],
    ["an incomplete line", "old\nha", "old\nha\nnew\n"],
    ["an empty line", "\n", "\nnew\n"],
    ["an incomplete line of one byte", "h", "h\nnew\n"],
  ])("begins a new line after %s", (_, before, after) => {
    const { logFile, log } = useLog(before);
    expect(appendLines(logFile, encode("new"), 0)).toEqual({ lines: 1, fault: null });
    expect(log().toString()).toBe(after);
  });

  it("keeps every byte", () => {
    const scratch = makeScratch();
    const line = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const run = fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
      const before = scratch.log();
      const between = before.length > 0 && before.at(-1) !== 0x0a ? "\n" : "";
      expect(appendLines(scratch.logFile, lines, 0)).toEqual({ lines: lines.length, fault: null });
      expect(scratch.log().equals(Buffer.concat([before, Buffer.from(between), ...lines]))).toBe(true);
    });
    try {
      fc.assert(run, { numRuns: 50 });
    } finally {
      scratch.remove();
    }
  });

  it("writes a megabyte of lines", () => {
    const { logFile, log } = useScratch();
    const lines = Array.from({ length: 64 }, (_, i) => Buffer.from(`${`${i}`.padStart(16_383, "x")}\n`));
    expect(appendLines(logFile, lines, 0)).toEqual({ lines: 64, fault: null });
    expect(log().equals(Buffer.concat(lines))).toBe(true);
  });
});

describe("appendLines with an unusual log", () => {
  const made: Readonly<Record<string, (scratch: Scratch) => void>> = {
    "a link": ({ logFile, path }) => {
      writeFileSync(path("other"), "", { mode: 0o600 });
      symlinkSync("other", logFile);
    },
    "a link to nowhere": ({ logFile }) => symlinkSync("nowhere", logFile),
    "a directory": ({ logFile }) => mkdirSync(logFile),
    "a FIFO": ({ logFile }) => void execFileSync("mkfifo", ["-m", "600", logFile]),
    "a file with two links": ({ logFile, path }) => {
      writeFileSync(path("other"), "", { mode: 0o600 });
      linkSync(path("other"), logFile);
    },
    "a file that its group may write": ({ logFile }) => {
      writeFileSync(logFile, "");
      chmodSync(logFile, 0o620);
    },
    "a file that all may write": ({ logFile }) => {
      writeFileSync(logFile, "");
      chmodSync(logFile, 0o666);
    },
  };
  const seen: Readonly<Record<string, string>> = {
    "a link": "Cannot open LOG: it is a symbolic link",
    "a link to nowhere": "Cannot open LOG: it is a symbolic link",
    "a directory": "Cannot open LOG: it is a directory",
    "a FIFO": "Cannot use LOG: not a regular file",
    "a file with two links": "Cannot use LOG: it has other links",
    "a file that its group may write": "Cannot use LOG: others may write it",
    "a file that all may write": "Cannot use LOG: others may write it",
  };

  it.each(Object.keys(made))("refuses %s", (what) => {
    const scratch = useScratch();
    made[what]?.(scratch);
    const fault = seen[what]?.replace("LOG", scratch.logFile);
    expect(appendLines(scratch.logFile, encode("x"), 0)).toEqual({ lines: 0, fault });
    for (const name of scratch.names().filter((one) => one === "other"))
      expect(readFileSync(scratch.path(name), "utf8")).toBe("");
    expect(scratch.names()).not.toContain("nowhere");
  });

  it.runIf(isRoot)("refuses another user's file", () => {
    const { logFile, log } = useLog("");
    chownSync(logFile, 65534, 65534);
    const fault = `Cannot use ${logFile}: another user's file`;
    expect(appendLines(logFile, encode("x"), 0)).toEqual({ lines: 0, fault });
    expect(log()).toHaveLength(0);
  });

  it.each(["/dev/null", "/dev/full", "/proc/self/mem"])("refuses %s", (path) => {
    const { lines, fault } = appendLines(path, encode("x"), 0);
    expect(lines).toBe(0);
    expect(fault).toMatch(/^Cannot (use|write to) .*: ./);
  });

  it("accepts a file that all may read", () => {
    const { logFile, lines } = useLog("", 0o644);
    expect(appendLines(logFile, encode("x"), 0)).toEqual({ lines: 1, fault: null });
    expect(lines()).toEqual(["x"]);
  });

  it.each([
    ["no/such/cni.log", "it is not there"],
    ["file/cni.log", "a part of its path is not a directory"],
    [`${"n".repeat(256)}`, "ENAMETOOLONG"],
  ])("reports why %s cannot be opened", (name, words) => {
    const { path } = useScratch();
    writeFileSync(path("file"), "");
    const fault = `Cannot open ${path(name)}: ${words}`;
    expect(appendLines(path(name), encode("x"), 0)).toEqual({ lines: 0, fault });
  });
});

describe("appendLines with logMaxBytes", () => {
  const over = (logFile: string) =>
    `Cannot write to ${logFile}: over twice logMaxBytes, and no tap has rotated it`;

  it("appends until the log is over twice logMaxBytes", () => {
    const { logFile, log } = useLog("o".repeat(19).concat("\n"));
    expect(appendLines(logFile, encode("x"), 10)).toEqual({ lines: 1, fault: null });
    const before = log();
    expect(appendLines(logFile, encode("y"), 10)).toEqual({ lines: 0, fault: over(logFile) });
    expect(log().equals(before)).toBe(true);
  });

  it("appends those of many lines that begin before twice logMaxBytes", () => {
    const { logFile, lines } = useScratch();
    const nine = Array.from({ length: 9 }, (_, i) => `${i}`.repeat(9)); // 10 bytes each
    expect(appendLines(logFile, encode(...nine), 25)).toEqual({ lines: 6, fault: over(logFile) });
    expect(lines()).toEqual(nine.slice(0, 6));
  });
});

test("appendLines counts the whole lines of a partial write, and begins a new line after it", () => {
  const { logFile, log } = useLog("ha");
  const append = (limit: string) => {
    const script = `import { appendLines } from ${JSON.stringify(APPEND_LINES)};
      const lines = ["abc\\n", "def\\n"].map((line) => Buffer.from(line));
      process.stdout.write(JSON.stringify(appendLines(${JSON.stringify(logFile)}, lines, 0)));`;
    const node = [process.execPath, "--input-type=module", "-e", script];
    return JSON.parse(execFileSync("prlimit", [`--fsize=${limit}:unlimited`, ...node], { encoding: "utf8" }));
  };
  const fault = `Cannot write to ${logFile}: it took only a part`;
  expect(append("6")).toEqual({ lines: 0, fault });
  expect(log().toString()).toBe("ha\nabc");
  expect(append("13")).toEqual({ lines: 1, fault });
  expect(log().toString()).toBe("ha\nabc\nabc\nde");
  expect(append("unlimited")).toEqual({ lines: 2, fault: null });
  expect(log().toString()).toBe("ha\nabc\nabc\nde\nabc\ndef\n");
});

test("appendLines leaves no descriptor open, whether it succeeds or fails", () => {
  const { logFile, path, names } = useLog("");
  const open = () =>
    readdirSync("/proc/self/fd").filter((fd) => linkOf(`/proc/self/fd/${fd}`).startsWith(dirname(logFile)));
  execFileSync("mkfifo", ["-m", "600", path("fifo")]);
  writeFileSync(path("limited"), "x".repeat(100), { mode: 0o600 });
  for (let i = 0; i < 5; i++) {
    expect(appendLines(logFile, encode("a"), 0).lines).toBe(1);
    expect(appendLines(path("limited"), encode("a"), 10).lines).toBe(0);
    expect(appendLines(path("fifo"), encode("a"), 0).lines).toBe(0);
    expect(appendLines(path("none/log"), encode("a"), 0).lines).toBe(0);
  }
  expect(names()).toEqual(["cni.log", "fifo", "limited"]);
  expect(open()).toEqual([]);
});

/** The target of a descriptor's link; empty for the one that listed them, which is closed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

test("appendLines creates a new log after the log was renamed", () => {
  const { logFile, path, lines } = useScratch();
  appendLines(logFile, encode("a"), 0);
  renameSync(logFile, path("old"));
  appendLines(logFile, encode("b"), 0);
  expect(readFileSync(path("old"), "utf8")).toBe("a\n");
  expect(lines()).toEqual(["b"]);
});

test("all lines are there and whole if taps write to and rotate the same log", async () => {
  const scratch = useScratch();
  const stdin = stanza(scratch, `{"cniVersion":"1.0.0","filler":"${"f".repeat(3_000)}"}`, {
    ...{ lockTimeoutMs: 5_000, logMaxBytes: 150_000 },
  });
  const taps = Array.from({ length: 40 }, (_, i) =>
    runTap({
      role: roles[i % 2] ?? "pre",
      env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: `id-${i}` },
      stdin,
      timeoutMs: 30_000,
    }),
  );
  const own: string[] = [];
  let running = true;
  const ended = Promise.all(taps).finally(() => {
    running = false;
  });
  while (running && own.length < 200) {
    const two = [own.length, own.length + 1].map((i) => `own-${i}-${"o".repeat(300)}`);
    expect(appendLines(scratch.logFile, encode(...two), 150_000)).toEqual({ lines: 2, fault: null });
    own.push(...two);
  }
  for (const { code } of await ended) expect(code).toBe(0);
  // It is rotated at most once. A writer may see half of another's line, and puts a line feed first.
  const old = scratch.names().includes("cni.log.1") ? readFileSync(scratch.path("cni.log.1"), "utf8") : "";
  const all = [...old.split("\n"), ...scratch.lines()].filter((line) => line !== "");
  const wanted = taps.map((_, i) => classicLine("ADD", `id-${i}`, "input", stdin));
  expect(all.sort()).toEqual([...wanted, ...own].sort());
});
