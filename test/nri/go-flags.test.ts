import { Option } from "commander";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { type GoFlag, goUsage, parseGoFlags, rewriteGoFlags } from "../../src/nri/go-flags.ts";

const options = [
  new Option("--idx <NN>"),
  new Option("--name <name>"),
  new Option("--log-file <file>"),
  new Option("--set <key=value>"),
  new Option("--once"),
];
const rewrite = (...args: string[]) => rewriteGoFlags(args, options);

describe("rewriteGoFlags", () => {
  it.each([
    ["-idx 10", ["--idx=10"]],
    ["-idx=10", ["--idx=10"]],
    ["--idx 10", ["--idx=10"]],
    ["--idx=10", ["--idx=10"]],
    ["-log-file /x -name n -once", ["--log-file=/x", "--name=n", "--once"]],
    ["-name -idx", ["--name=-idx"]], // as in Go, the word after a flag is its value
    ["-idx= -name=", ["--idx=", "--name="]],
    ["-set label=a=b -set=redact=false", ["--set=label=a=b", "--set=redact=false"]],
    ["-once -once", ["--once", "--once"]],
    ["-once=true", ["--once=true"]],
    ["-idx", ["--idx"]], // the missing value is reported later
    ["-help", ["--help"]],
    ["--help", ["--help"]],
    ["-h", ["-h"]],
    ["-x 1 -unknown=2 -", ["-x", "1", "-unknown=2", "-"]],
    ["---idx 10", ["---idx", "10"]],
    ["word -idx 1", ["word", "--idx=1"]],
    ["-once -- -idx 10", ["--once", "--", "-idx", "10"]],
    ["-name -- -idx 10", ["--name=--", "--idx=10"]],
  ])("rewrites %s", (line, rewritten) => {
    expect(rewrite(...line.split(" "))).toEqual(rewritten);
  });

  it("keeps values of several lines and empty values", () => {
    expect(rewrite("-name", "a\nb", "-idx", "")).toEqual(["--name=a\nb", "--idx="]);
    expect(rewrite("-name=a\n=b")).toEqual(["--name=a\n=b"]);
  });
});

test("rewriteGoFlags gives the same for each way of writing a flag, with any value", () => {
  const option = fc.constantFrom("idx", "name", "log-file", "set");
  fc.assert(
    fc.property(fc.array(fc.tuple(option, fc.string(), fc.nat(3))), (flags) => {
      const args = flags.flatMap(([name, value, way]) => {
        const dashes = way % 2 ? "-" : "--";
        return way < 2 ? [`${dashes}${name}=${value}`] : [`${dashes}${name}`, value];
      });
      expect(rewrite(...args)).toEqual(flags.map(([name, value]) => `--${name}=${value}`));
    }),
  );
});

test("rewriteGoFlags does not change rewritten flags", () => {
  const arg = fc.oneof(fc.constantFrom("-idx", "--once", "--", "-name=x", "word", "-x"), fc.string());
  fc.assert(
    fc.property(fc.array(arg), (args) => {
      const once = rewrite(...args).filter((one) => one !== "--idx" && one !== "--name");
      expect(rewrite(...once)).toEqual(once);
    }),
  );
});

const flags: readonly GoFlag[] = [
  { name: "verbose", kind: "bool", usage: "enable verbose logging" },
  { name: "idx", kind: "string", usage: "plugin index", shown: '"10"' },
  { name: "x", kind: "string", usage: "one letter" },
  { name: "hooks-dir", kind: "string", usage: "a folder", repeatable: true },
];

describe("parseGoFlags", () => {
  const parse = (line: string) => parseGoFlags(line === "" ? [] : line.split(" "), flags);
  it.each<[string, Record<string, string[]>]>([
    ["", {}],
    ["-idx 10 --x=1 -verbose", { idx: ["10"], x: ["1"], verbose: ["true"] }],
    ["--verbose=false -idx= -x -idx", { verbose: ["false"], idx: [""], x: ["-idx"] }],
    ["-verbose=T -verbose=0 -idx 1 -idx 2", { verbose: ["false"], idx: ["2"] }],
    ["-hooks-dir /a --hooks-dir=/b", { "hooks-dir": ["/a", "/b"] }],
    ["-x -- -idx=a=b", { x: ["--"], idx: ["a=b"] }],
  ])("reads %j", (line, values) => {
    expect(parse(line)).toEqual({ values: new Map(Object.entries(values)) });
  });

  it.each([
    ["-y", "flag provided but not defined: -y"],
    ["--no-verbose", "flag provided but not defined: -no-verbose"],
    ["-idx", "flag needs an argument: -idx"],
    ["-verbose true", 'unexpected argument "true"'],
    ["-verbose=yes", 'invalid boolean value "yes" for -verbose: parse error'],
    ["10", 'unexpected argument "10"'],
    ["---idx 10", 'unexpected argument "---idx"'],
    ["-", 'unexpected argument "-"'],
    ["--", 'unexpected argument "--"'],
    ["-toString 1", "flag provided but not defined: -toString"],
  ])("refuses %j", (line, error) => {
    expect(parse(line)).toEqual({ error });
  });

  it.each(["-h", "--help", "-idx 10 -help", "-h -unknown"])("gives help for %j", (line) => {
    expect(parse(line)).toEqual({ help: true });
  });
});

test("goUsage prints flags as Go does", () => {
  expect(goUsage("logger", flags.slice(0, 2))).toBe(
    'Usage of logger:\n  -idx string\n    \tplugin index (default "10")\n  -verbose\n    \tenable verbose logging\n',
  );
});
