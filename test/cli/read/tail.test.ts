import { spawn } from "node:child_process";
import {
  appendFileSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ROOT } from "../../../scripts/cache-dir.ts";
import { generateLog } from "../../../scripts/log/generate.ts";
import { TailScreen } from "../../../src/cli/read/tail-screen.ts";
import { parseLogLine } from "../../../src/log/log-line.ts";
import { wordsOf } from "../../../src/story/one-line.ts";
import { beginLine, endLine, podLine, tapLine } from "../../story/support.ts";
import { type Scratch, useScratch } from "../../support/scratch.ts";
import { cnitap } from "../support/host.ts";

const dns = { id: "d2", pod: "kube-system/dns-0" };
const LINES = [
  tapLine("ADD", "pre", { at: 0 }),
  tapLine("ADD", "post", { at: 88.7 }),
  beginLine("ADD", "calico", { at: 100, ...dns }),
  endLine("ADD", "calico", { at: 104, ...dns }, { exit: 1, output: { code: 11, msg: "no addresses" } }),
  tapLine("ADD", "pre", { at: 200, id: "e3", pod: "default/job-0" }),
  tapLine("DEL", "post", { at: 300, id: "e3", pod: "default/job-0" }),
  podLine("RunPodSandbox", { at: 400 }),
];

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

function useLog(lines: readonly string[], older: readonly string[] = []): string {
  const path = useScratch().path("cni.log");
  writeFileSync(path, textOf(lines));
  if (older.length > 0) writeFileSync(`${path}.1`, textOf(older));
  return path;
}

const tail = async (path: string, ...args: readonly string[]) =>
  (await cnitap("tail", "--log-file", path, ...args)).out;

describe("cnitap tail", () => {
  test("puts each line into words", async () => {
    expect((await tail(useLog(LINES))).trimEnd().split("\n")).toEqual([
      "11-21 12:00:00.000  ADD    default/web-0      cni_pre   begins",
      "11-21 12:00:00.088  ADD    default/web-0      cni_post  has ended: 10.1.2.3/24",
      "11-21 12:00:00.100  ADD    kube-system/dns-0  calico    begins",
      "11-21 12:00:00.104  ADD    kube-system/dns-0  calico    exit 1 after 5.0 ms: code 11: no addresses",
      "11-21 12:00:00.200  ADD    default/job-0      cni_pre   begins",
      "11-21 12:00:00.300  DEL    default/job-0      cni_post  begins; its ADD had no end: a plugin failed",
      "11-21 12:00:00.400         default/web-0      NRI       RunPodSandbox: 10.1.2.3",
    ]);
  });

  test.each<[string, readonly string[], readonly number[]]>([
    ["the last ones", ["-n", "2"], [5, 6]],
    ["none", ["-n", "0"], []],
    ["a pod's", ["--pod", "kube-system/dns-0"], [2, 3]],
    ["a pod's by its name alone", ["--pod", "web-0"], [0, 1, 6]],
    ["a container ID's", ["--id", "e"], [4, 5]],
    ["those of commands", ["--command", "DEL,CHECK"], [5]],
    ["failures", ["--failed"], [3, 5]],
    ["the last failure", ["--failed", "-n", "1"], [5]],
  ])("with --json it prints %s unchanged", async (_what, args, wanted) => {
    expect(await tail(useLog(LINES), "--json", ...args)).toBe(textOf(wanted.map((at) => LINES[at] ?? "")));
  });

  test("finds the last lines of a log that is much larger than what it reads at first", async () => {
    let text = "";
    generateLog({ seed: 3, bytes: 3_000_000 }, (more) => {
      text += more;
    });
    const lines = text.trimEnd().split("\n");
    const [before, after] = [lines.slice(0, 1000), lines.slice(1000)];
    const path = useLog(after, before);
    expect(await tail(path, "--json", "-n", "3")).toBe(textOf(lines.slice(-3)));
    const own = lines.filter((line) => parseLogLine(line) !== null);
    expect(await tail(path, "--json", "-n", "999999")).toBe(textOf(own));
    expect(await tail(path, "--json", "-n", "1200")).toBe(textOf(own.slice(-1200)));
  });

  test("puts the lines of several logs in order", async () => {
    const [a = "", b = "", c = ""] = LINES;
    const other = useLog([b]);
    expect(await tail(useLog([a, c]), "--log-file", other, "--json")).toBe(textOf([a, b, c]));
  });

  test("fails for a log that is not there, and for a wrong number", async () => {
    expect(await cnitap("tail", "--log-file", useScratch().path("none"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("it is not there"),
    });
    expect(await cnitap("tail", "-n", "x")).toMatchObject({ code: 2 });
  });
});

/** A running `cnitap tail -f --json`. */
function follow(path: string, ...args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [join(ROOT, "src/cli/cnitap.ts"), "tail", "-f", "--json", "--log-file", path, ...args],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let out = "";
  let heard = () => {};
  child.stdout.setEncoding("utf8").on("data", (more: string) => {
    out += more;
    heard();
  });
  const ended = new Promise<readonly [number | null, string | null]>((resolve) => {
    child.on("close", (code, signal) => resolve([code, signal]));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  /** Waits until this is what it has printed; the test's time-out is what ends a wait. */
  const prints = (expected: string) =>
    new Promise<void>((resolve) => {
      heard = () => {
        if (out === expected) resolve();
      };
      heard();
    });
  return { child, prints, ended };
}

function rotate({ path, names }: Scratch): void {
  expect(names()).toContain("cni.log");
  renameSync(path("cni.log"), path("cni.log.1"));
  writeFileSync(path("cni.log"), "");
}

describe("cnitap tail -f", () => {
  test("prints lines as they come, through rotation, truncation and removal, and dies of SIGINT", async () => {
    const scratch = useScratch();
    const path = scratch.path("cni.log");
    const lines = Array.from({ length: 12 }, (_, at) => podLine("StopPodSandbox", { at, id: `c${at}` }));
    const line = (at: number) => `${lines[at] ?? ""}\n`;
    const so = (count: number) => textOf(lines.slice(0, count));
    const { child, prints, ended } = follow(path); // waits for the log
    writeFileSync(path, line(0));
    await prints(so(1));
    appendFileSync(path, line(1).slice(0, 40));
    appendFileSync(path, line(1).slice(40) + line(2));
    await prints(so(3));

    const old = openSync(path, "a");
    rotate(scratch);
    appendFileSync(old, line(3)); // by a tap that had opened it before
    await prints(so(4));
    appendFileSync(path, line(4));
    await prints(so(5));

    appendFileSync(path, line(5));
    rotate(scratch);
    appendFileSync(path, line(6));
    rotate(scratch); // the file between had the name for an instant only
    appendFileSync(path, line(7));
    await prints(so(8));

    truncateSync(path);
    appendFileSync(path, line(8).trimEnd().slice(0, 10));
    await new Promise<void>((resolve) => child.stderr.once("data", () => resolve()));
    appendFileSync(path, line(8).slice(10));
    await prints(so(9));

    unlinkSync(path);
    writeFileSync(path, line(9));
    await prints(so(10));
    child.kill("SIGINT");
    expect(await ended).toEqual([null, "SIGINT"]);
  });

  test("ends quietly when its reader has closed the pipe", async () => {
    const path = useLog(LINES);
    const { child, ended } = follow(path);
    let err = "";
    child.stderr.on("data", (more: Buffer) => {
      err += more.toString();
    });
    await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    child.stdout.destroy(); // a socket; nothing more comes
    expect(await ended).toEqual([0, null]);
    expect(err).toBe("");
  });

  test.each(["head -n 1", "exec head -c 0"])(
    "ends when the reader of its pipe has ended, though no line comes: %s",
    async (reader) => {
      const command = `{ "$0" "$@"; echo "$?" >&2; } | { ${reader}; }`;
      const args = [join(ROOT, "src/cli/cnitap.ts"), "tail", "-f", "--json", "--log-file", useLog(LINES)];
      const child = spawn("sh", ["-c", command, process.execPath, ...args]);
      let err = "";
      child.stderr.on("data", (more: Buffer) => {
        err += more.toString();
      });
      await new Promise((resolve) => child.on("close", resolve));
      expect(err).toBe("0\n");
    },
  );

  test("goes on where its output has no reader, such as a file", async () => {
    const path = useLog(LINES.slice(0, 1));
    const out = `${path}.out`;
    const args = [join(ROOT, "src/cli/cnitap.ts"), "tail", "-f", "--json", "--log-file", path];
    const child = spawn(process.execPath, args, { stdio: ["ignore", openSync(out, "w"), "inherit"] });
    const ended = new Promise((resolve) => child.on("close", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    const has = (count: number) =>
      vi.waitFor(() => expect(readFileSync(out, "utf8")).toBe(textOf(LINES.slice(0, count))), 20_000);
    await has(1);
    appendFileSync(path, textOf(LINES.slice(1, 2)));
    await has(2);
    child.kill("SIGINT");
    await ended;
    expect(child.signalCode).toBe("SIGINT");
  });
});

describe("TailScreen", () => {
  test("draws the calls under way below the lines, in place, and not wider than the terminal", () => {
    let out = "";
    const io = {
      ...{ err: () => {}, outBytes: () => {}, leave: () => {} },
      ...{ closed: false, colour: false, terminal: true, columns: 30, exitCode: 0 },
      out: (text: string) => {
        out += text;
      },
    };
    const screen = new TailScreen(io, new Map([["c1", "default/web-0"]]));
    const call = { containerId: "c1", ifname: "eth0", command: "ADD", plugin: "calico", sinceMs: 0 };
    screen.show([call, { ...call, plugin: null, containerId: "0123456789abcdef" }], 1250);
    expect(out).toBe("…   1.3 s  ADD  default/web-0\n…   1.3 s  ADD  0123456789ab ");
    out = "";
    screen.show([call], 1250);
    expect(out).toBe("\r\x1b[1A\x1b[J…   1.3 s  ADD  default/web-0");
    out = "";
    const read = parseLogLine(podLine("StopPodSandbox", { at: 0 }));
    if (read) screen.add(wordsOf(read));
    screen.show();
    expect(out).toBe(
      "\r\x1b[J11-21 12:00:00.000         default/web-0  NRI       StopPodSandbox: 10.1.2.3\n",
    );
    out = "";
    screen.show();
    expect(out).toBe("");
  });
});
