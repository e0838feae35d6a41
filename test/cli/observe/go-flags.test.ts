import { Option } from "commander";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { rewriteGoFlags } from "../../../src/cli/observe/go-flags.ts";

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
