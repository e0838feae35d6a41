import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFailed, onTestFinished } from "vitest";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { type Pod, runContainer } from "../../scripts/containerd/pods.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { CNITAP, type Started, start } from "../cli/support/spawn.ts";
import { logrusMessages } from "../support/logrus-messages.ts";
import { onOwnMachine } from "../support/own-machine.ts";
import { endPod } from "./support/events.ts";
import { launched, linkPlugin } from "./support/launching.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";
import { startObserver } from "./support/observer.ts";

const ULIMITS = "ulimits.noderesource.dev/container.main";
const LIMITED = { [ULIMITS]: "[{type: nofile, hard: 500, soft: 400}]" };
const LAUNCHED = [
  "05-simple-logger",
  "10-ulimit-adjuster",
  "20-hook-injector",
  "30-logger",
  "90-network-logger",
];
const STAGES = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

describe.each(suites)("plugins on containerd of %s", (suite) => {
  describeAsRoot("that containerd launches, beside the observer", () => {
    const node = useNode({ suite });
    const at = (...path: string[]) => join(node().folder, ...path);
    const log = (name: string) => readFile(at("log", `${name}.log`), "utf8").catch(() => "");

    it("are configured, and do to containers what they are for", async () => {
      await writeHooks(at("hooks"));
      await configure(node(), "ulimit-adjuster", { verbose: true });
      await configure(node(), "hook-injector", {
        verbose: true,
        hooksDir: [at("hooks/usr"), at("hooks/etc")],
      });
      await configure(node(), "30-logger", {
        addEnv: "SEEN",
        setEnv: "HOME",
        events: ["CreateContainer", "StopPodSandbox"],
      });
      await configure(node(), "simple-logger", { events: "x" });
      for (const plugin of LAUNCHED) await linkPlugin(node(), plugin);
      await node().restart();
      for (const plugin of LAUNCHED)
        await waitFor(plugin, async () => (await launched(node(), plugin)).length === 1);

      const text = "- type: nofile\n  hard: 0x1000\n  soft: 1_024\n- {type: RLIMIT_CORE}";
      const pod = await node().runPod({
        name: "web-0",
        annotations: { [ULIMITS]: text, "example.com/gpu": "on" },
      });
      const main = await runContainer(node().cri, pod, "main");
      const other = await runContainer(node().cri, pod, "other", ["busybox", "sleep", "1000"]);
      expect(
        await run(
          node(),
          main,
          "ulimit -Sn; ulimit -Hn; ulimit -Hc; echo $SEEN; echo $HOME; cat /tmp/startContainer",
        ),
      ).toMatch(/^1024\n4096\n0\nlogger-pid-\d+\nlogger-pid-\d+\nhook\n$/);
      expect(await run(node(), other, "ulimit -Sn; cat /tmp/startContainer || echo none")).toMatch(
        /^\d+\nnone\n$/,
      );
      expect(await run(node(), other, "ulimit -Sn")).not.toBe("1024\n");
      await node().cri.call("StopContainer", { container_id: main, timeout: 0 });
      await node().cri.call("RemoveContainer", { container_id: main });
      const ran = async () => (await readFile(at("hooks/ran"), "utf8")).trimEnd().split("\n");
      await waitFor("poststop", async () => (await ran()).includes("poststop hook"));
      expect(await ran()).toEqual([
        ...["prestart hook", "createRuntime hook", "gpu", "createContainer hook", "poststart hook"],
        ...["gpu", "poststop hook"], // the first is that of the other container
      ]);
      await endPod(node(), pod);

      const lines = await waitFor("the last event", async () => {
        const said = await log("simple-logger");
        return said.includes("Remove PodSandbox web-0") && logrusMessages(said);
      });
      const life = (name: string) =>
        ["Create", "Post Create", "Start", "Post Start"].map((what) => `${what} Container ${name}`);
      expect(lines.slice(2, 4)).toEqual([
        expect.stringContaining("got configuration data: "),
        'failed to parse provided configuration: failed to parse events: unknown event "x"',
      ]);
      expect(lines.slice(lines.indexOf("Run PodSandbox web-0"))).toEqual([
        ...[
          "Run PodSandbox web-0",
          ...life("main"),
          ...life("other"),
          "Stop Container main",
          "Remove Container main",
        ],
        ...[
          "Stop Container other",
          "Stop PodSandbox web-0",
          "Remove Container other",
          "Remove PodSandbox web-0",
        ],
      ]);
      const dumped = logrusMessages(await log("30-logger"));
      expect(dumped).toEqual(
        expect.arrayContaining([
          "CreateContainer: pod:",
          "CreateContainer:    name: web-0",
          "CreateContainer: container:",
          "CreateContainer:    - sleep",
          "StopPodSandbox: pod:",
        ]),
      );
      expect(dumped.filter((line) => /^(RunPodSandbox|StartContainer)/.test(line))).toEqual([]);
      expect(logrusMessages(await log("hook-injector"))).toEqual(
        expect.arrayContaining([
          `Read 1 hook from ${at("hooks/usr")}: gpu.json`,
          `Failed loading hooks for ${at("hooks/etc/broken.json")}: it is no JSON`,
          'web-0/main: hook 0.json matched; adding to stages [prestart]: the command "sleep" has "sle+p$"',
          'web-0/main: hook gpu.json matched; adding to stages [prestart]: the annotation "example.com/gpu" matches ".*": "^on$"',
          'web-0/other: hook 0.json did not match: no pattern of commands is in "busybox"',
          "web-0/main: OCI hooks injected",
        ]),
      );
      const said = await log("ulimit-adjuster");
      expect(said).toMatch(
        /level=debug msg="adjust rlimit" container=main hard=4096 idx= name= pod=web-0 soft=1024 type=RLIMIT_NOFILE\n/,
      );
      expect(await node().readLog()).toContain("NRI_EVENT=RemovePodSandbox,");
    });

    it("refuse containers with wrong annotations, and no others", async () => {
      const wide = Array.from(
        { length: 9 },
        (_, i) => `a${i}: &a${i} [${Array(9).fill(i ? `*a${i - 1}` : "x")}]`,
      );
      const wrong: readonly (readonly [string, string])[] = [
        ["[{type: bogus, hard: 1, soft: 1}]", 'failed to parse type: "bogus"'],
        ["[{type: core, soft: 2}]", 'ulimit "RLIMIT_CORE" must have hard limit >= soft limit'],
        ["[{type: core}, {type: core}]", "both tried to set"],
        [wide.join("\n"), "document contains excessive aliasing"],
        ["a".repeat(200_000), "longer than 16384 bytes"],
        ["[".repeat(16_000), "deeper than 100 levels"],
        ['[{type: "\0\x1b[2J", hard: 1}]', "control characters are not allowed"],
      ];
      const key = (index: number) => ULIMITS.replace("main", `bad-${index}`);
      const annotations = Object.fromEntries(wrong.map(([text], index) => [key(index), text]));
      const bad = await node().runPod({ name: "bad-0", annotations });
      const good = await node().runPod({ name: "good-0", annotations: LIMITED });
      for (const [index, [, message]] of wrong.entries()) {
        const refused = expect(runContainer(node().cri, bad, `bad-${index}`)).rejects.toThrow(message);
        const container = await runContainer(node().cri, good, "main");
        await refused;
        expect(await run(node(), container, "ulimit -Hn")).toBe("500\n");
        await node().cri.call("RemoveContainer", { container_id: container });
      }
      await runContainer(node().cri, bad, "main"); // the annotations are for others
      for (const pod of [bad, good]) await endPod(node(), pod);
      for (const plugin of LAUNCHED) expect(await launched(node(), plugin)).toHaveLength(1);
    });

    it("may be killed, and run by hand, killed and run again: no pod fails", async () => {
      for (const plugin of LAUNCHED)
        for (const pid of await launched(node(), plugin)) process.kill(Number(pid), "SIGKILL");
      const observer = await startObserver(node(), "classic", "/tmp/by-hand.log");
      let going = true;
      onTestFinished(() => {
        going = false;
      });
      const pods = Promise.all(
        [0, 1].map(async (lane) => {
          let count = 0;
          for (; going || count < 3; count++) await liveAndDie(node(), `pod-${lane}-${count}`);
          return count;
        }),
      );
      pods.catch(() => {}); // awaited below
      onTestFailed(() => console.error(rounds.map((one) => one.said()).join("\n")));
      const rounds: Started[] = [];
      for (let round = 0; round < 4; round++) {
        const plugin = byHand(node(), "ulimit-adjuster", ["-idx", "10", "-verbose"]);
        const second = byHand(node(), "hook-injector", ["-idx=20", "-hooks-dir", at("hooks/etc")]);
        rounds.push(plugin, second);
        await waitFor("both", () => [plugin, second].every((one) => one.said().includes("Started plugin ")));
        await waitFor(
          "a container of each",
          () => plugin.said().includes("create container") && second.said().includes("OCI hooks injected"),
        );
        for (const one of [plugin, second]) one.kill(round % 2 === 0 ? "SIGKILL" : "SIGTERM");
        const ends = await Promise.all([plugin.ended, second.ended]);
        if (round % 2 === 1) expect(ends.map(({ code }) => code)).toEqual([0, 0]);
      }
      going = false;
      for (const count of await pods) expect(count).toBeGreaterThanOrEqual(3);
      expect(observer.said()).not.toContain("level=warning");

      // Under its own name it ends with the runtime; as a command of cnitap it comes back.
      const back = byHand(node(), "ulimit-adjuster", ["-idx", "11"]);
      const once = byHand(node(), "simple-logger", ["-once"]);
      await waitFor("both", () => [back, once].every((one) => one.said().includes("Started plugin ")));
      await node().restart();
      expect(await once.ended).toMatchObject({ code: 1 });
      expect(logrusMessages(once.said()).at(-1)).toBe("Connection to the runtime lost, exiting...");
      await waitFor("the second connection", () => back.said().split("Started plugin ").length === 3);
    });
  });
});

/** Hooks of all stages for containers that run sleep, one for an annotation, and a broken file. */
async function writeHooks(folder: string): Promise<void> {
  const write = async (path: string, value: unknown) => {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), typeof value === "string" ? value : JSON.stringify(value));
  };
  // The two shells: of the node, and for startContainer of the container.
  const hook = (what: string, ...args: string[]) => ({
    path: "/bin/sh",
    args: ["sh", "-c", what, ...args],
    env: ["PATH=/bin:/usr/bin"],
  });
  // createContainer runs on the node's files, startContainer on the container's.
  for (const [index, stage] of STAGES.entries())
    await write(`etc/${index}.json`, {
      version: "1.0.0",
      hook: hook(
        stage === "startContainer"
          ? 'echo "$0" > /tmp/startContainer'
          : `echo ${stage} "$0" >> ${join(folder, "ran")}`,
        "hook",
      ),
      when: { commands: ["sle+p$"] },
      stages: [stage],
    });
  await write("usr/gpu.json", {
    version: "0.1.0",
    ...{ hook: "/bin/sh", arguments: ["-c", `echo gpu >> ${join(folder, "ran")}`] },
    ...{ annotations: ["^on$"], stages: ["prestart"] },
  });
  await write("etc/broken.json", "{");
}

/** Writes a plugin's configuration, with a log named as its file. */
async function configure(node: ContainerdNode, name: string, keys: object): Promise<void> {
  const logFile = join(node.folder, "log", `${name}.log`);
  await writeFile(join(node.folder, "nri/conf.d", `${name}.conf`), JSON.stringify({ logFile, ...keys }));
}

/** Runs a shell's line in a container. Returns its output. */
async function run(node: ContainerdNode, container_id: string, line: string): Promise<string> {
  const { stdout } = await node.cri.call("ExecSync", { container_id, cmd: ["sh", "-c", line], timeout: 5 });
  return stdout.toString();
}

async function liveAndDie(node: ContainerdNode, name: string): Promise<void> {
  const pod: Pod = await node.runPod({
    name,
    annotations: LIMITED,
  });
  const container_id = await runContainer(node.cri, pod, "main");
  // As the kubelet does. containerd may come to a standstill if a plugin connects while a pod is removed that has
  // containers: RemovePodSandbox holds the lock of synchronization, and asks for it again for each of them.
  await node.cri.call("StopContainer", { container_id, timeout: 0 });
  await node.cri.call("RemoveContainer", { container_id });
  await endPod(node, pod);
}

function byHand(node: ContainerdNode, name: string, flags: readonly string[]): Started {
  const [command, ...args] = onOwnMachine([CNITAP, "plugin", name, "-socket", node.nriSocket, ...flags]);
  const started = start(command, args);
  onTestFinished(async () => {
    started.kill("SIGKILL");
    await started.ended;
  });
  return started;
}
