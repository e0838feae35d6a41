/** `npm run demo`: runs two pods on a real containerd, and shows what taps, observer and wrapper log. Needs root. */
import { execFile, spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command, CommanderError, Option } from "commander";
import { podNetwork } from "./containerd/conflist.ts";
import { ContainerdError } from "./containerd/error.ts";
import { type ContainerdNode, startNode } from "./containerd/node.ts";
import { DemoObserver } from "./demo/observer.ts";
import { tellFailure, tellStory } from "./demo/story.ts";

interface DemoOptions {
  readonly classic?: boolean;
  readonly json?: boolean;
  readonly cniVersion: string;
}

type Format = "classic" | "json";

const FILE = "10-k8s-pod-network.conflist";
const root = join(import.meta.dirname, "..");
const cnitap = join(root, "bin/cnitap");
const executables = [cnitap, ...["cni_pre", "cni_post", "cni_wrap"].map((name) => join(root, "bin", name))];
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
      "Installs cni-tap on a private containerd, where one pod comes and goes and another one fails, and shows its log.",
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
  // With ipMasq, bridge's DEL fails after a failed ADD, which is another story.
  const settings = { cniVersion: options.cniVersion, tap: null, bridge: { ipMasq: false } };
  const network = (subnet: string) => podNetwork({ ...settings, range: { subnet } });
  await using node = await startNode({
    conflists: { [FILE]: network("10.244.1.0/24") },
    signal: abort.signal,
    progress,
  });
  const format = options.classic ? "classic" : "json";
  progress("putting the taps into its network: cnitap install");
  const tapped = await runTapped(node, format);
  progress(
    "changing its subnet, wrapping its plugins: cnitap install --mode wrap, and running a pod that fails",
  );
  await node.writeConflist(FILE, network("10.244.2.0/24"));
  const failed = await runFailing(node, format);
  const log = await node.readLog();
  await node.stop();
  abort.signal.throwIfAborted();
  const linesOf = (id: string) => log.split("\n").filter((line) => line.includes(id));
  const [lines, others] = [linesOf(tapped.id), linesOf(failed.id)];
  if (options.json) {
    process.stdout.write([...lines, ...others].map((line) => `${line}\n`).join(""));
    return;
  }
  const out = [
    ...showTapped(tapped, lines, `containerd ${node.version}`),
    "",
    ...showFailed(failed, others),
    "",
    "Nobody has to read all that. The same log, in short:",
    ...(await readWith(log, "pods", "--all")),
    ...(await readWith(log, "show", "web-1", "--brief")),
    ...(await readWith(log, "audit")),
    "",
    "That containerd, its pods and its files are gone; only the downloads are kept, for the next time.",
    "On a node of yours they are the same commands: bin/cnitap install (--dry-run shows what it would do) and",
    "bin/cnitap observe.",
  ];
  console.log(out.join("\n"));
}

interface TappedPod {
  readonly id: string;
  readonly ip: string;
  /** What cnitap install said, and the observer. */
  readonly installed: string;
  readonly observed: readonly string[];
}

/** A pod's whole life, with the taps in its network. */
async function runTapped(node: ContainerdNode, format: Format): Promise<TappedPod> {
  const installed = await install(node, format);
  progress("watching its pods: cnitap observe");
  const observer = await DemoObserver.start(cnitap, node, format);
  progress("running, stopping and removing a pod");
  const { id } = await node.runPod({ name: "web-0" });
  const { network } = await node.podStatus(id);
  await node.stopPod(id);
  await node.removePod(id);
  return { id, ip: network?.ip ?? "", installed, observed: await observer.stop(id) };
}

interface FailedPod {
  readonly id: string;
  /** The runtime's error. */
  readonly error: string;
  readonly installed: string;
}

/** A pod that does not start, with the plugins of its network wrapped. */
async function runFailing(node: ContainerdNode, format: Format): Promise<FailedPod> {
  const installed = await install(node, format, "--mode", "wrap");
  const error: unknown = await node.runPod({ name: "web-1" }).catch((reason: unknown) => reason);
  const [, id, why] =
    /sandbox "([0-9a-f]{64})": (.*)/.exec(error instanceof Error ? error.message : "") ?? [];
  if (!id || !why) throw new ContainerdError("Cannot show a pod that fails: this one did not");
  return { id, error: why, installed };
}

/** Runs cnitap as in a container, with the node's file system below a directory. Returns its output. */
async function install(node: ContainerdNode, format: Format, ...mode: string[]): Promise<string> {
  const places = [
    "--host-root",
    node.outside(""),
    "--runtime-endpoint",
    join(node.folder, "run/containerd.sock"),
  ];
  const { stdout } = await promisify(execFile)(cnitap, ["install", ...mode, ...places, "--format", format], {
    env: { PATH: process.env.PATH },
  });
  return stdout.replaceAll(node.folder, "").trimEnd();
}

function showTapped(
  { id, ip, installed, observed }: TappedPod,
  lines: readonly string[],
  runtime: string,
): string[] {
  return [
    ...[paint("1", "cnitap install"), installed, ""],
    ...[paint("1", "cnitap observe"), ...observed, ""],
    `Pod default/web-0 had ${ip} from ${runtime}. On a node, its container ID finds its lines:`,
    `  $ grep ${id} /tmp/cni.log`,
    ...tellStory(lines, paint),
  ];
}

function showFailed({ id, error, installed }: FailedPod, lines: readonly string[]): string[] {
  return [
    "Then the network gets another subnet. The node's bridge keeps its address of the old one, so the next pod fails.",
    "To see why, each plugin is wrapped:",
    "",
    ...[paint("1", "cnitap install --mode wrap"), installed, ""],
    ...["Pod default/web-1 does not start. The runtime says:", `  ${error}`],
    "Its lines say what each plugin was asked, what it answered, and how long it took:",
    `  $ grep ${id} /tmp/cni.log`,
    ...tellFailure(lines, paint),
  ];
}

/** What a command of cnitap makes of the log. */
async function readWith(log: string, ...args: readonly string[]): Promise<string[]> {
  const child = execFile(cnitap, [...args, "--log-file", "-"]);
  const parts: string[] = [];
  child.stdout?.on("data", (part) => parts.push(String(part)));
  child.stdin?.end(log);
  // audit ends with 3 where it has found an error
  await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  return ["", paint("1", `cnitap ${args.join(" ")}`), parts.join("").trimEnd()];
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
