import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { maskOf } from "../../../src/nri/events.ts";
import { CreateContainerResponseSchema, Plugin } from "../../../src/nri/gen/api_pb.js";
import { useScratch } from "../../support/scratch.ts";
import { launchObserving, observeRuntime } from "../observe/support/observing.ts";
import { podNumber } from "../observe/support/pods.ts";
import { CNITAP, runCnitap, start } from "../support/spawn.ts";

const NAMES = ["ulimit-adjuster", "hook-injector", "network-device-injector", "logger", "simple-logger"];
const { method } = Plugin;

/** A link to cnitap with another name, as an administrator or a runtime may use it. */
function linkNamed(name: string): string {
  const path = useScratch().path(name);
  symlinkSync(CNITAP, path);
  return path;
}

describe("cnitap plugin", () => {
  it("lists the plugins, also as JSON", async () => {
    const { out, code } = await runCnitap(["plugin"]);
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/\s+/)[0]),
    ).toEqual(expect.arrayContaining(NAMES));
    const json: { plugins: { name: string }[] } = JSON.parse((await runCnitap(["plugin", "--json"])).out);
    expect(json.plugins.map(({ name }) => name)).toEqual(expect.arrayContaining(NAMES));
  });

  it("says which plugins there are, if there is none of a name", async () => {
    const { err, out, code } = await runCnitap(["plugin", "n\x1bpe", "-idx", "10"]);
    expect({ out, code }).toEqual({ out: "", code: 2 });
    expect(err).toMatch(
      /^cnitap: Cannot run the plugin n\\x1bpe: there is none\nThere are ulimit-adjuster, /,
    );
  });

  it.each(NAMES)("%s -h shows its flags and an example, of which the flags are right", async (name) => {
    const { out, err, code } = await runCnitap(["plugin", name, "-h"]);
    expect({ err, code }).toEqual({ err: "", code: 0 });
    expect(out).toMatch(new RegExp(`^Usage of cnitap plugin ${name}:\n {2}-`));
    const example = new RegExp(`\n {2}\\$ cnitap plugin (${name} .*)\n$`).exec(out)?.[1] ?? "";
    const run = await runCnitap(["plugin", ...example.split(" "), "-once", "-socket", "/nowhere/nri.sock"]);
    expect(run.code).toBe(1);
    expect(run.err).toContain("Cannot connect to the runtime at /nowhere/nri.sock: it is not there");
  });

  it.each([
    [["-x"], "flag provided but not defined: -x\nUsage of "],
    [["-idx"], "flag needs an argument: -idx\nUsage of "],
    [["-verbose=maybe"], 'invalid boolean value "maybe" for -verbose: parse error\nUsage of '],
    [["10"], 'unexpected argument "10"\nUsage of '],
    [["-idx", "1"], 'cnitap: Cannot use index "1": two digits are expected\n'],
    [["-name", "a b"], 'cnitap: Cannot use name "a b": only letters, digits and _.+-\n'],
  ])("ulimit-adjuster %j is invalid usage", async (flags, complaint) => {
    const { err, out, code } = await runCnitap(["plugin", "ulimit-adjuster", ...flags]);
    expect({ out, code }).toEqual({ out: "", code: 2 });
    expect(err.slice(err.indexOf("idx= name=") < 0 ? 0 : err.indexOf("cnitap: "))).toContain(complaint);
  });

  it.each([
    ["logger", ["-events", "x"], 'level=fatal msg="failed to parse events: unknown event \\"x\\""'],
    ["simple-logger", ["-events=x"], 'level=fatal msg="failed to parse events: unknown event \\"x\\""'],
    ["logger", ["-log-file", "/nowhere/x"], "failed to open log file "],
    ["logger", ["-log-file", "/"], ": it is a directory"],
    ["logger", ["-log-file", "/proc/self/fd/2"], ": too many symbolic links"],
  ])("%s %j ends before it connects", async (name, flags, complaint) => {
    const { err, code } = await runCnitap(["plugin", name, ...flags, "-socket", "/nowhere/nri.sock"]);
    expect(code).toBe(1);
    expect(err).toContain(complaint);
    expect(err).not.toContain("Created plugin");
  });

  it("hook-injector with -strict ends at a broken file, and without goes on", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.path("bad.json"), "{");
    const flags = [
      "plugin",
      "hook-injector",
      "-once",
      "-socket=/nowhere/nri.sock",
      "-hooks-dir",
      scratch.folder,
    ];
    const strict = await runCnitap([...flags, "-strict"]);
    expect(strict.code).toBe(1);
    expect(strict.err).toContain("failed to set up hook manager: ");
    const lax = await runCnitap(flags);
    expect(lax.err).toMatch(/level=error msg="Failed loading hooks for .*bad.json: it is no JSON"\n/);
    expect(lax.err).toContain("Created plugin 10-hook-injector");
  });
});

describe("a plugin", () => {
  const container = { id: "c", podSandboxId: "id-1", name: "main" };

  it.each([
    ["ulimit-adjuster", [], "ulimit-adjuster", "10"],
    ["07-ulimit-adjuster", [], "ulimit-adjuster", "07"],
    ["simple-logger", ["-idx=33", "-name", "mine"], "mine", "33"],
    ["10-logger", [], "logger", "10"],
  ])("as %s %j registers as %s, %s, and ends with the runtime", async (file, args, pluginName, pluginIdx) => {
    const { observing, connection } = await observeRuntime({ exe: linkNamed(file), args });
    expect(await connection.registration).toMatchObject({ pluginName, pluginIdx });
    connection.socket.destroy();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-1)).toBe("Connection to the runtime lost, exiting...");
  });

  it("that is launched is configured by the runtime, and logs to its file what is wrong with that", async () => {
    const scratch = useScratch();
    const { observing, connection } = launchObserving(linkNamed("10-logger"), {
      name: "logger",
      index: "10",
    });
    const config = `logFile: ${scratch.logFile}\nevents: [RunPodSandbox, x]\nsetEnv: 5\nother: "\\e[31m"\n`;
    await connection.start({ pods: [podNumber(1)] }, { runtimeName: "containerd", config });
    await waitFor("the complaint", () => scratch.linesSoFar().some((line) => line.includes("unknown event")));
    const log = readFileSync(scratch.logFile, "utf8");
    expect(log).toContain('failed to parse provided configuration: \\"other\\" is unknown');
    expect(log).not.toContain("\x1b");
    expect(statSync(scratch.logFile).mode & 0o777).toBe(0o600);
    connection.socket.destroy();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
  });

  it("that is launched without a word about events logs all of them: it does not end, as Go's does", async () => {
    const scratch = useScratch();
    const { connection } = launchObserving(linkNamed("10-logger"), { name: "logger", index: "10" });
    const config = `logFile: ${scratch.logFile}\naddEnv: SEEN\n`;
    const events = await connection.start(
      { pods: [] },
      { runtimeName: "containerd", runtimeVersion: "v2.3.4", config },
    );
    expect(events).toBe(0x3fff);
    const answer = await connection.ask(method.createContainer, { pod: podNumber(1), container });
    expect(answer).toMatchObject({
      adjust: { env: [{ key: "SEEN", value: expect.stringMatching(/^logger-pid-\d+$/) }] },
    });
    await waitFor("the dump", () =>
      scratch.linesSoFar().some((line) => line.includes('msg="CreateContainer:    name: main"')),
    );
    expect(CreateContainerResponseSchema.typeName).toBe(answer.$typeName);
  });

  it("that fails a container stays connected, and answers the next", async () => {
    const { observing, connection } = await observeRuntime({
      exe: linkNamed("10-ulimit-adjuster"),
      args: ["-verbose"],
    });
    expect(await connection.start()).toBe(maskOf(["createContainer"]));
    const pod = (text: string) => ({
      ...podNumber(1),
      annotations: { "ulimits.noderesource.dev/container.main": text },
    });
    const ask = (text: string) => connection.ask(method.createContainer, { pod: pod(text), container });
    await expect(ask("[{type: x}]")).rejects.toThrow('failed to parse type: "x"');
    expect(await ask("[{type: core, hard: 1}]")).toMatchObject({
      adjust: { rlimits: [{ type: "RLIMIT_CORE", hard: 1n, soft: 0n }] },
    });
    expect(await observing.end()).toEqual({ code: 0, signal: null });
    expect(observing.err).toMatch(/level=debug msg="create container" container=main idx= name= pod=web-1\n/);
  });
});

it("a plugin whose standard error nobody reads answers all the same", async () => {
  const { observing, connection } = await observeRuntime({ exe: linkNamed("10-logger") });
  observing.child.stderr?.pause();
  await connection.start();
  const pod = { ...podNumber(1), annotations: { a: "x".repeat(10_000) } };
  for (let i = 0; i < 100; i++) await connection.ask(method.runPodSandbox, { pod });
  observing.child.stderr?.resume();
  expect(await observing.end()).toEqual({ code: 0, signal: null });
});

it("other commands of cnitap are not plugins, whatever a runtime's variables say", async () => {
  const { code, out } = await start(CNITAP, ["plugin"], { NRI_PLUGIN_SOCKET: "3", NRI_PLUGIN_NAME: "logger" })
    .ended;
  expect({ code, listed: out.includes("ulimit-adjuster") }).toEqual({ code: 0, listed: true });
});
