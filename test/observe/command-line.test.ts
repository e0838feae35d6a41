import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { packageVersion } from "../../scripts/build/tap.ts";
import { readCommandLine } from "../../src/observe/command-line.ts";

const NAME = { program: "cnitap", command: "cnitap observe" };
const SEE = "\nSee cnitap observe --help.\n";
const NO_FLAGS = { index: undefined, name: undefined, socket: undefined, once: false, keys: {} };

const read = (...args: readonly string[]) => readCommandLine(args, NAME);

describe("flags", () => {
  it.each<[readonly string[], object]>([
    [[], {}],
    [["--idx", "07", "--name", "n", "--socket", "/s"], { index: "07", name: "n", socket: "/s" }],
    [["-idx", "07", "-name=n", "--socket=/s", "-once"], { index: "07", name: "n", socket: "/s", once: true }],
    [["-idx", "1", "-idx", "2"], { index: "2" }],
    [["-idx="], { index: "" }],
    [["-name", "-once"], { name: "-once" }], // a value, as in Go
    [["--name=a=b"], { name: "a=b" }],
    [["--once", "--"], { once: true }],
    [
      ["-log-file", "/l", "-lock-file=/k", "--log-format", "json"],
      { keys: { logFile: "/l", lockFile: "/k", logFormat: "json" } },
    ],
    [
      ["-set", "label=a=b", "-set", "redact=false", "-set=logMaxBytes=5", "--set", "lockTimeoutMs=7"],
      { keys: { label: "a=b", redact: false, logMaxBytes: 5, lockTimeoutMs: 7 } },
    ],
    [["-set", "label=a", "-set", "label=b"], { keys: { label: "b" } }],
    [["-set", "logFile=/set", "-log-file", "/flag"], { keys: { logFile: "/set" } }],
    [["-log-file", "/ü"], { keys: { logFile: "/ü" } }],
  ])("%j are read", (args, flags) => {
    expect(read(...args)).toEqual({ kind: "observe", flags: { ...NO_FLAGS, ...flags } });
  });
});

describe("a wrong command line ends in one complaint:", () => {
  it.each<[readonly string[], string]>([
    [["-idx"], `Cannot read the command line: option '--idx <NN>' argument missing${SEE}`],
    [["--set"], `Cannot read the command line: option '--set <key=value>' argument missing${SEE}`],
    [["-x"], `Cannot read the command line: unknown option '-x'${SEE}`],
    [["-x\x1b"], `Cannot read the command line: unknown option '-x\\x1b'${SEE}`],
    [["--xyz=1", "-idx"], `Cannot read the command line: unknown option '--xyz=1'${SEE}`],
    [["--once=no"], `Cannot read the command line: unknown option '--once=no'${SEE}`],
    [["--__proto__"], `Cannot read the command line: unknown option '--__proto__'${SEE}`],
    [
      ["-log-format=xml"],
      `Cannot read the command line: option '--log-format <format>' argument 'xml' is invalid. Allowed choices are classic, json.${SEE}`,
    ],
    [
      ["--set", "x=1"],
      `Cannot read the command line: option '--set <key=value>' argument 'x=1' is invalid. Expected KEY=VALUE, where KEY is one of logFile, lockFile, logFormat, lockTimeoutMs, logMaxBytes, logStatus, redact, label.${SEE}`,
    ],
    [["--set", "redact"], expect.stringContaining("argument 'redact' is invalid. Expected KEY=VALUE, ")],
    [["--set", "__proto__=1"], expect.stringContaining("argument '__proto__=1' is invalid. ")],
    [
      ["now"],
      `Cannot read the command line: too many arguments for 'observe'. Expected 0 arguments but got 1: now.${SEE}`,
    ],
    [
      ["a", "-once", "--", "-b"],
      `Cannot read the command line: too many arguments for 'observe'. Expected 0 arguments but got 2: a, -b.${SEE}`,
    ],
    [
      ["-"],
      `Cannot read the command line: too many arguments for 'observe'. Expected 0 arguments but got 1: -.${SEE}`,
    ],
    [["-log-file", "x"], "Cannot use logFile: wants an absolute path under 4096 bytes, saw a string\n"],
    [["-lock-file="], "Cannot use lockFile: wants an absolute path under 4096 bytes, saw a string\n"],
    [["--set", "redact=5"], "Cannot use redact: wants true or false, saw a number\n"],
    [
      ["--set", "redact=s3cret", "-log-file", "y"],
      "Cannot use redact: wants true or false, saw a string; Cannot use logFile: wants an absolute path under 4096 bytes, saw a string\n",
    ],
  ])("%j", (args, text) => {
    const line = read(...args);
    if (line.kind !== "wrong") throw new Error(`read as ${line.kind}`);
    const [program = "", ...rest] = line.text.split(": ");
    expect(program).toBe("cnitap");
    if (typeof text !== "string") return expect(rest.join(": ")).toEqual(text);
    const sorted = (words: string) => words.split(/(?<=\n)|; /).sort();
    expect(sorted(rest.join(": ").replace(/\n$/, ""))).toEqual(sorted(text.replace(/\n$/, "")));
  });
});

test("the help is for 80 columns, but for its footer, and names each flag", () => {
  for (const args of [["-h"], ["--help"], ["-help"], ["-idx", "07", "-h", "-x"]]) {
    const line = read(...args);
    expect(line).toEqual({ kind: "told", text: HELP });
  }
  const [options = ""] = HELP.split("\nFlags may");
  for (const row of options.split("\n")) expect(row.length, row).toBeLessThanOrEqual(80);
});

test("the version is that of the build", () => {
  for (const args of [["--version"], ["-version"], ["-idx", "07", "-version", "x"]])
    expect(read(...args)).toEqual({ kind: "told", text: `${packageVersion()}\n` });
});

test("the help and complaints are of the name that it was started by", () => {
  const name = { program: "cnitap-observe", command: "cnitap-observe" };
  expect(readCommandLine(["-h"], name)).toEqual({
    kind: "told",
    text: HELP.replaceAll("cnitap observe", "cnitap-observe"),
  });
  expect(readCommandLine(["x"], name)).toEqual({
    kind: "wrong",
    text:
      "cnitap-observe: Cannot read the command line: too many arguments for 'cnitap-observe'. Expected 0 arguments but got 1: x.\n" +
      "See cnitap-observe --help.\n",
  });
});

test("any arguments are flags, help or a complaint of one or two lines, without control characters", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "-idx",
      "--name=x",
      "-once",
      "--set",
      "label=\x1b",
      "--",
      "-h",
      "-log-file",
      "/l",
      "=",
      "-=",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.string({ unit: "binary", maxLength: 5 }).map((text) => `--${text}`),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (args) => {
      const line = read(...args);
      if (line.kind === "wrong")
        expect(line.text).toMatch(/^cnitap: Cannot \P{Cc}*\n(See cnitap observe --help\.\n)?$/u);
      if (line.kind === "told") expect(line.text).toBe(HELP);
    }),
    { numRuns: 1_000 },
  );
});

const HELP = `Usage: cnitap observe [options]

Watch the pods of this node's runtime through NRI, and log them beside the taps'
lines.

Options:
  --idx <NN>             two digits; the runtime calls its plugins in this order
                         (default: 10)
  --name <name>          the name to register (default: network-logger)
  --socket <path>        the runtime's NRI socket (default:
                         /var/run/nri/nri.sock)
  --log-file <file>      where to log (default: where this node's taps do, else
                         /tmp/cni.log)
  --log-format <format>  of the log (default: as this node's taps, else classic)
                         (choices: "classic", "json")
  --lock-file <file>     the taps' lock (default: as this node's taps, else
                         /var/run/lock/cni.lock)
  --set <key=value>      another key as in a tap's entry: redact, label,
                         logMaxBytes, lockTimeoutMs
  --once                 exit when the runtime cannot be reached or goes away,
                         instead of reconnecting
  --version              print the version
  -h, --help             print this help

Flags may be written as Go's are, -idx 10 or -idx=10. Started as network-logger or 10-network-logger, it is that plugin.
Exit: 0 stopped by a signal, 1 the runtime cannot be reached or went away (--once), 2 invalid usage.

Example:
  $ cnitap observe --log-format json
`;
