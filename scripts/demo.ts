/** `npm run demo`: runs one pod on a real containerd, and shows what taps and observer log. Needs root. */
import { execFile, spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command, CommanderError, Option } from "commander";
import { podNetwork } from "./containerd/conflist.ts";
import { ContainerdError } from "./containerd/error.ts";
import { type ContainerdNode, startNode } from "./containerd/node.ts";
import { DemoObserver } from "./demo/observer.ts";
import { tellStory } from "./demo/story.ts";

interface DemoOptions {
  readonly classic?: boolean;
  readonly json?: boolean;
  readonly cniVersion: string;
}

const root = join(import.meta.dirname, "..");
const cnitap = join(root, "bin/cnitap");
const executables = [cnitap, join(root, "bin/cni_pre"), join(root, "bin/cni_post")];
const colour = process.stdout.isTTY && !process.env.NO_COLOR;

const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => abort.abort(signal));

try {
  await main(parse(process.argv));
} catch (error) {
  process.exitCode = report(error);
}

function parse(argv: readonly string[]): DemoOptions {
  const program = new Command("npm run demo --")
    .description(
      "Installs the taps on a private containerd, watches one pod come and go there, and shows what was logged.",
    )
    .option("--classic", "the classic log format, one line an event")
    .option("--json", "nothing but the log's lines")
    .addOption(
      new Option("--cni-version <version>", "cniVersion of the network")
        .choices(["0.3.1", "0.4.0", "1.0.0", "1.1.0"])
        .default("1.0.0"),
    )
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", "\nExample, as root:\n  $ npm run -s demo -- --json | head -n 1\n")
    .exitOverride();
  program.parse(argv);
  return program.opts<DemoOptions>();
}

async function main(options: DemoOptions): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new ContainerdError(
      `Cannot run the demo: this user is not root
It starts a containerd in namespaces of its own, and namespaces, mounts, bridges and control groups need root:
  $ sudo npm run demo
Without root these still run: npm run build, and npm test for all that needs no root.`,
    );
  }
  if (buildIsOld()) {
    progress("building the taps and cnitap");
    await build();
  }
  const network = podNetwork({ cniVersion: options.cniVersion, tap: null });
  await using node = await startNode({
    conflists: { "10-k8s-pod-network.conflist": network },
    signal: abort.signal,
    progress,
  });
  progress("putting the taps into its network: cnitap install");
  const format = options.classic ? "classic" : "json";
  const installed = await install(node, format);
  progress("watching its pods: cnitap observe");
  const observer = await DemoObserver.start(cnitap, node, format);
  progress("running, stopping and removing a pod");
  const pod = await node.runPod({ name: "web-0" });
  const { network: address } = await node.podStatus(pod.id);
  await node.stopPod(pod.id);
  await node.removePod(pod.id);
  const observed = await observer.stop(pod.id);
  const log = await node.readLog();
  await node.stop();
  abort.signal.throwIfAborted();
  const lines = log.split("\n").filter((line) => line.includes(pod.id));
  if (options.json) process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  else show(installed, observed, lines, pod.id, address?.ip ?? "", `containerd ${node.version}`);
}

/** Runs cnitap as in a container, with the node's file system below a directory. Returns its output. */
async function install(node: ContainerdNode, format: "classic" | "json"): Promise<string> {
  const places = [
    "--host-root",
    node.outside(""),
    "--runtime-endpoint",
    join(node.folder, "run/containerd.sock"),
  ];
  const { stdout } = await promisify(execFile)(cnitap, ["install", ...places, "--format", format], {
    env: { PATH: process.env.PATH },
  });
  return stdout.replaceAll(node.folder, "").trimEnd();
}

function show(
  installed: string,
  observed: readonly string[],
  lines: readonly string[],
  id: string,
  ip: string,
  runtime: string,
): void {
  const out = [
    paint("1", "cnitap install"),
    installed,
    "",
    paint("1", "cnitap observe"),
    ...observed,
    "",
    `Pod default/web-0 had ${ip} from ${runtime}. On a node, its container ID finds its lines:`,
    `  $ grep ${id} /tmp/cni.log`,
    ...tellStory(lines, paint),
    "",
    "That containerd, its pod and its files are gone; only the downloads are kept, for the next time.",
    "On a node of yours they are the same commands: bin/cnitap install (--dry-run shows what it would do) and",
    "bin/cnitap observe.",
  ];
  console.log(out.join("\n"));
}

function paint(code: string, text: string): string {
  return colour ? `\x1b[${code}m${text}\x1b[0m` : text;
}

function progress(line: string): void {
  console.error(`cni-tap: ${line}`);
}

/** Whether an executable is missing or older than a source. */
function buildIsOld(): boolean {
  const built = executables.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.min(...built) < Math.max(...sources);
}

function build(): Promise<void> {
  const child = spawn(process.execPath, [join(root, "scripts/build.ts")], { stdio: ["inherit", 2, 2] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new ContainerdError("Cannot build the taps: see the lines above"));
    });
  });
}

/** Reports an error. Returns the exit code: 0 help, 1 failed, 2 invalid usage, 128 + signal number. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (abort.signal.aborted) {
    progress("interrupted; nothing is left behind");
    return 128 + ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[String(abort.signal.reason)] ?? 0);
  }
  console.error(`cni-tap: ${error instanceof Error ? error.message : error}`);
  return 1;
}
