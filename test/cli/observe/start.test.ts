import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { rejection } from "../../nri/support/calls.ts";
import { FakeRuntime } from "../../nri/support/fake-runtime.ts";
import { useScratch } from "../../support/scratch.ts";
import { OBSERVER } from "../support/spawn.ts";
import { launchObserving, observe, observeRuntime } from "./support/observing.ts";
import { classicPodLineOf, podNumber, tell } from "./support/pods.ts";

const SOCKET_HINT = "Specify the runtime's NRI socket with --socket; the default is /var/run/nri/nri.sock.";
const INDEX_HINT = "An index is two digits, as in -idx 10.";
const HELP_HINT = "See cnitap observe --help.";
const NOBODY = 65534;

/** A link to cnitap with another name, as an administrator or a runtime may use it. */
function linkNamed(name: string): string {
  const path = useScratch().path(name);
  symlinkSync(OBSERVER, path);
  return path;
}

describe("wrong usage ends in one complaint with a hint and exit code 2:", () => {
  it.each<[string, readonly string[], string, Readonly<Record<string, string>>?]>([
    ["an index of one digit", ["--idx", "1"], `Cannot use index "1": two digits are expected\n${INDEX_HINT}`],
    ["an index of letters", ["-idx=ab"], `Cannot use index "ab": two digits are expected\n${INDEX_HINT}`],
    ["an empty index", ["-idx="], `Cannot use index "": two digits are expected\n${INDEX_HINT}`],
    [
      "an index in other digits",
      ["-idx", "１０"],
      `Cannot use index "１０": two digits are expected\n${INDEX_HINT}`,
    ],
    [
      "an index that is not the runtime's",
      ["-idx", "11"],
      "Cannot use index 11: the runtime has launched this plugin as 10\nLeave --idx out: the runtime has chosen.",
      { NRI_PLUGIN_IDX: "10" },
    ],
    [
      "a runtime's index",
      [],
      `Cannot use index "1": two digits are expected\n${INDEX_HINT}`,
      { NRI_PLUGIN_IDX: "1" },
    ],
    ["a name with a space", ["-name", "a b"], 'Cannot use name "a b": only letters, digits and _.+-'],
    [
      "a descriptor that is not a number",
      [],
      'Cannot use NRI_PLUGIN_SOCKET "x": not a number',
      { NRI_PLUGIN_SOCKET: "x" },
    ],
    [
      "a relative log",
      ["-log-file", "x"],
      "Cannot use logFile: wants an absolute path under 4096 bytes, saw a string",
    ],
    ["a wrong value", ["--set", "redact=5"], "Cannot use redact: wants true or false, saw a number"],
    [
      "a flag without its value",
      ["-idx"],
      `Cannot read the command line: option '--idx <NN>' argument missing\n${HELP_HINT}`,
    ],
    ["an unknown flag", ["-x\x1b"], `Cannot read the command line: unknown option '-x\\x1b'\n${HELP_HINT}`],
    [
      "an unknown format",
      ["-log-format=xml"],
      `Cannot read the command line: option '--log-format <format>' argument 'xml' is invalid. Allowed choices are classic, json.\n${HELP_HINT}`,
    ],
    [
      "a word",
      ["now"],
      `Cannot read the command line: too many arguments for 'observe'. Expected 0 arguments but got 1: now.\n${HELP_HINT}`,
    ],
  ])("%s", async (_, args, complaint, env = {}) => {
    const observing = observe({ args: [...args], env });
    expect(await observing.ended).toEqual({ code: 2, signal: null });
    expect(observing.err).toBe(`cnitap: ${complaint}\n`);
  });

  it("an index in the program's name", async () => {
    const observing = observe({ exe: linkNamed("1x-network-logger") });
    expect(await observing.ended).toEqual({ code: 2, signal: null });
    expect(observing.err).toBe(`cnitap: Cannot use index "1x": two digits are expected\n${INDEX_HINT}\n`);
  });
});

describe("with --once, an unreachable runtime ends in one line and exit code 1:", () => {
  it.each([
    ["nothing", "none", /: it is not there\. Is a runtime running here\? containerd 2 .*$/],
    ["a directory", ".", `: it is a directory. ${SOCKET_HINT}`],
    ["a file", "file", `: it is not a socket. ${SOCKET_HINT}`],
    [
      "a file in place of a directory",
      "file/nri.sock",
      /: connect ENOTDIR .*\. Specify the runtime's NRI socket/,
    ],
    ["a path that is too long", "x".repeat(108), `: a socket's path has at most 107 bytes. ${SOCKET_HINT}`],
  ])("%s at the socket's path", async (_, name, seen) => {
    const scratch = useScratch();
    writeFileSync(scratch.path("file"), "");
    const observing = observe({ args: ["--once", "--socket", scratch.path(name)] });
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages).toHaveLength(2); // the first is about the creation of the plugin
    expect(observing.messages[1]).toMatch(/^Cannot connect to the runtime at /);
    if (typeof seen === "string") expect(observing.messages[1]?.endsWith(seen)).toBe(true);
    else expect(observing.messages[1]).toMatch(seen);
  });

  it("one that does not speak NRI", async () => {
    const path = useScratch().path("http.sock");
    const server = createServer((peer) =>
      peer.on("error", () => {}).write("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const observing = observe({ args: ["-once", "-socket", path] });
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-1)).toMatch(
      /^Cannot .*\. Specify the runtime's NRI socket with --socket; /,
    );
  });

  it("one that closes every connection", async () => {
    const path = useScratch().path("rude.sock");
    const server = createServer((peer) => peer.on("error", () => {}).on("data", () => peer.end()));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const observing = observe({ args: ["-once", "-socket", path] });
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-2)).toBe(
      `Connection to the runtime lost: the runtime closed it. ${SOCKET_HINT}`,
    );
    expect(observing.messages.at(-1)).toBe("Connection to the runtime lost, exiting...");
  });

  it("one that refuses the plugin, with another hint than about its socket", async () => {
    const runtime = await FakeRuntime.listen();
    runtime.answersRegistration = false;
    const observing = observe({ args: ["-once", "-socket", runtime.socket] });
    const connection = await runtime.next();
    await connection.registration;
    connection.socket.write(rejection(2, "no such plugin wanted"));
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-1)).toBe(
      "Cannot call RegisterPlugin: no such plugin wanted. The runtime was reached and refuses this plugin: choose " +
        "another --name or --idx if another plugin has these, or look at the runtime's configuration of NRI.",
    );
  });

  it("one that disconnects after the registration, without a hint", async () => {
    const { observing, connection } = await observeRuntime({ args: ["-once"] });
    await connection.registration;
    connection.socket.end();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.slice(2)).toEqual(["Connection to the runtime lost, exiting..."]);
  });

  it.runIf(process.getuid?.() === 0)("one that only root can reach", async () => {
    const scratch = useScratch();
    chmodSync(scratch.folder, 0o755);
    mkdirSync(scratch.path("closed"), { mode: 0o700 });
    const exe = scratch.path("network-logger"); // the checkout may be unreadable for others
    copyFileSync(OBSERVER, exe);
    const socket = scratch.path("closed/nri.sock");
    await FakeRuntime.listen(socket);
    const observing = observe({ exe, args: ["-socket", socket], uid: NOBODY });
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-1)).toBe(
      `Cannot connect to the runtime at ${socket}: permission denied. Run it as root.`,
    );
  });

  it.each(["network-logger", "07-network-logger"])(
    "no socket, for a plugin with the name %s",
    async (name) => {
      const observing = observe({ exe: linkNamed(name), args: ["-socket=/nowhere/nri.sock"] });
      expect(await observing.ended).toEqual({ code: 1, signal: null });
      expect(observing.messages.at(-1)).toMatch(/^Cannot connect to the runtime at \/nowhere\/nri\.sock: /);
    },
  );
});

describe("an observer that is started", () => {
  it.each([
    ["network-logger", [], "network-logger", "10"],
    ["07-network-logger", [], "network-logger", "07"],
    ["07-network-logger", ["-idx", "42", "-name=mine"], "mine", "42"],
  ])("as %s %j registers as %s, %s, and ends with the runtime", async (name, args, pluginName, pluginIdx) => {
    const { observing, connection } = await observeRuntime({ exe: linkNamed(name), args });
    expect(await connection.registration).toMatchObject({ pluginName, pluginIdx });
    connection.socket.destroy();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-1)).toBe("Connection to the runtime lost, exiting...");
  });

  it.each([
    ["10-network-logger", { name: "network-logger", index: "10" }],
    ["23-anything", { name: "anything", index: "23" }],
  ])("by a runtime as %s observes over descriptor 3, and ends with the runtime", async (file, identity) => {
    const scratch = useScratch();
    const { observing, connection } = launchObserving(linkNamed(file), identity);
    expect(await connection.registration).toMatchObject({
      ...{ pluginName: identity.name, pluginIdx: identity.index },
    });
    const config = `logFile: ${scratch.logFile}\n`;
    expect(await connection.start({ pods: [podNumber(1)] }, { runtimeName: "containerd", config })).toBe(7);
    await tell(connection, "run", podNumber(2));
    await waitFor("the lines", () => scratch.linesSoFar().length === 2);
    expect(scratch.lines()).toEqual([
      classicPodLineOf("Synchronize", 1),
      classicPodLineOf("RunPodSandbox", 2),
    ]);
    connection.socket.destroy();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
  });
});
