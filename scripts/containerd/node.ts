import { execFile } from "node:child_process";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { Cri, type PodSandboxStatus, type StatusResponse } from "./cri.ts";
import { ContainerdError } from "./error.ts";
import { fillFolder } from "./folder.ts";
import { Namespaces } from "./namespaces.ts";
import { fetchPackages, type Packages, type Suite } from "./packages.ts";
import { type Pod, type PodSpec, podConfig, runPod } from "./pods.ts";
import { waitFor } from "./wait.ts";

export interface NodeOptions {
  /** Executables to copy into the plugin directory as cni_pre and cni_post. Default: none. */
  readonly taps?: { readonly pre: string; readonly post: string };
  /** Further executables to copy into the plugin directory, by name. */
  readonly plugins?: Readonly<Record<string, string>>;
  /**
   * Whether the plugin directory has a directory `cni-tap` with a link to its `cni_wrap` for each plugin, and whether
   * the runtime looks there first (containerd 1.7: nowhere else). Their log is in the json format. Default: none.
   */
  readonly links?: "beside" | "first";
  /** Texts by file name; by default one `podNetwork` of `cniVersion`. */
  readonly conflists?: Readonly<Record<string, string>>;
  readonly cniVersion?: string;
  /** To how many of the conflists a pod is attached. Default 1; 0 means all. */
  readonly maxConfNum?: number;
  /** Whether NRI is enabled. Default true. */
  readonly nri?: boolean;
  /** Further environment variables of containerd, and so of the taps. */
  readonly env?: Readonly<Record<string, string>>;
  /** The Debian suite of containerd: sid (default) or trixie (1.7). */
  readonly suite?: Suite;
  /** Aborting it stops and removes everything at once. Running operations fail. */
  readonly signal?: AbortSignal;
  /** Called with each progress message. */
  readonly progress?: (line: string) => void;
}

/**
 * Starts a private containerd in its own namespaces, with `taps` among its CNI plugins. Needs root. It ends
 * with this process at the latest. Use it with `await using`, or call `stop`.
 */
export async function startNode(options: NodeOptions): Promise<ContainerdNode> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new ContainerdError(
      "Cannot start a containerd: this user is not root\nNamespaces, mounts, bridges and control groups need root.",
    );
  }
  const packages = await fetchPackages(options.suite, options.signal);
  options.progress?.(`starting containerd ${packages.version} in namespaces of its own`);
  const namespaces = await Namespaces.prepare(packages.root, options.env ?? {});
  options.signal?.addEventListener("abort", () => void namespaces.leave());
  try {
    options.signal?.throwIfAborted();
    await fillFolder(namespaces.folder, packages, options);
    await namespaces.enter();
    const node = new ContainerdNode(namespaces, packages);
    try {
      await node.becomeReady();
      return node;
    } catch (error) {
      throw await node.explain(error);
    }
  } catch (error) {
    await namespaces.leave();
    throw error;
  }
}

/** A running containerd. */
export class ContainerdNode implements AsyncDisposable {
  /** The container runtime interface, for calls that have no method here. */
  readonly cri: Cri;
  /** containerd's version, such as "2.1.9". */
  readonly version: string;
  /** The working directory; the control group of its pods has the same name. */
  readonly folder: string;
  readonly #namespaces: Namespaces;
  readonly #packages: Packages;

  constructor(namespaces: Namespaces, packages: Packages) {
    this.#namespaces = namespaces;
    this.#packages = packages;
    this.folder = namespaces.folder;
    this.version = packages.version;
    this.cri = new Cri(join(this.folder, "run/containerd.sock"), packages.proto);
  }

  /** Path of containerd's debug log. */
  get logFile(): string {
    return join(this.folder, "log/containerd.log");
  }

  /** Path of the socket for NRI plugins. */
  get nriSocket(): string {
    return join(this.folder, "run/nri.sock");
  }

  /** PID on the host of process 1 of the namespaces, for nsenter and /proc/<pid>/root. */
  get pid(): number {
    return this.#namespaces.pid;
  }

  /**
   * RunPodSandbox. Aborting the signal cancels it.
   * @throws gRPC's `ServiceError`, as sent by containerd
   */
  runPod(spec: PodSpec, signal?: AbortSignal): Promise<Pod> {
    const config = podConfig(spec, join(this.folder, "log/pods"), `/${basename(this.folder)}`);
    return runPod(this.cri, config, signal);
  }

  async stopPod(id: string): Promise<void> {
    await this.cri.call("StopPodSandbox", { pod_sandbox_id: id });
  }

  async removePod(id: string): Promise<void> {
    await this.cri.call("RemovePodSandbox", { pod_sandbox_id: id });
  }

  async podStatus(id: string): Promise<PodSandboxStatus> {
    return (await this.cri.call("PodSandboxStatus", { pod_sandbox_id: id })).status;
  }

  status(): Promise<StatusResponse> {
    return this.cri.call("Status", { verbose: true });
  }

  /** Writes or replaces a network, and waits until containerd has loaded it. */
  async writeConflist(name: string, text: string): Promise<void> {
    const folder = join(this.folder, "cni/net.d");
    // containerd notices a rename within the directory, but not one from another directory.
    await writeFile(join(folder, `.${name}.tmp`), text);
    await rename(join(folder, `.${name}.tmp`), join(folder, name));
    await waitFor(`${name} loaded by containerd`, async () => (await this.#sources()).includes(text));
  }

  /** Removes a network, and waits until containerd has noticed. */
  async removeConflist(name: string): Promise<void> {
    const file = join(this.folder, "cni/net.d", name);
    const text = await readFile(file, "utf8");
    await rm(file);
    await waitFor(`containerd without ${name}`, async () => !(await this.#sources()).includes(text));
  }

  /** Converts a path of the node to a path of this machine. "" gives the node's root. */
  outside(path: string): string {
    return this.#namespaces.outside(path);
  }

  /** Reads the taps' log; "" if it does not exist. */
  async readLog(path = "/tmp/cni.log"): Promise<string> {
    return (await this.#namespaces.read(path)) ?? "";
  }

  /** Reads containerd's debug log, which includes the stderr of plugins. */
  readDaemonLog(): Promise<string> {
    return readFile(this.logFile, "utf8");
  }

  /** Runs a program of the node's PATH (which has `busybox`) in the namespaces. Returns its output. */
  exec(file: string, ...args: string[]): Promise<string> {
    return this.#namespaces.exec(file, args);
  }

  /** Restarts containerd and waits until it answers. Pods keep running. */
  async restart(): Promise<void> {
    await this.#namespaces.restartDaemon();
    await this.#answers();
  }

  /** Ends containerd, pods and namespaces, and removes the directory. */
  async stop(): Promise<void> {
    this.cri.close();
    await this.#namespaces.leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Waits for containerd's first answer, imports the images, and waits for the networks. */
  async becomeReady(): Promise<void> {
    await this.#answers();
    const local = this.version.startsWith("1.") ? [] : ["--local"];
    await promisify(execFile)(join(this.#packages.root, "usr/bin/ctr"), [
      ...["-a", join(this.folder, "run/containerd.sock"), "-n", "k8s.io", "images", "import"],
      ...[...local, "--snapshotter", "overlayfs", join(this.folder, "etc/images.tar")],
    ]);
    await waitFor("a ready network", async () => {
      const { conditions } = (await this.status()).status;
      return conditions.some((one) => one.type === "NetworkReady" && one.status);
    });
  }

  /** Adds the end of containerd's log to an error. */
  async explain(error: unknown): Promise<ContainerdError> {
    const log = await this.readDaemonLog().catch(() => "");
    const end = log.trimEnd().split("\n").slice(-20).join("\n");
    const reason = error instanceof Error ? error.message : String(error);
    return new ContainerdError(`Cannot start containerd: ${reason}\nThe end of its log:\n${end}`);
  }

  async #answers(): Promise<void> {
    const ask = () => {
      if (this.#namespaces.ended) throw new ContainerdError("Cannot ask containerd: it has been ended");
      return this.cri.call("Version", {}, 1000).catch(() => undefined);
    };
    await waitFor("an answer of containerd", ask, 15_000);
  }

  /** The texts of the networks that containerd has loaded. */
  async #sources(): Promise<(string | undefined)[]> {
    const { info } = await this.status();
    const config: { Networks?: { Config?: { Source?: string } }[] } = JSON.parse(info.cniconfig ?? "{}");
    return (config.Networks ?? []).map((network) => network.Config?.Source);
  }
}
