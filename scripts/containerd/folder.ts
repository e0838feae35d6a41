import { chmod, copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { daemonConfig } from "./config.ts";
import { podNetwork } from "./conflist.ts";
import { ContainerdError } from "./error.ts";
import { packImages, pauseImage } from "./images.ts";
import type { NodeOptions } from "./node.ts";
import type { Packages } from "./packages.ts";

const programs = ["usr/bin/containerd", "usr/bin/containerd-shim-runc-v2", "usr/bin/ctr", "usr/sbin/runc"];
const iptables = ["iptables", "iptables-save", "iptables-restore"];

const linksFolder = "cni/bin/cni-tap";

/** Fills the working directory: configuration, links to programs and plugins, images. */
export async function fillFolder(folder: string, packages: Packages, options: NodeOptions): Promise<void> {
  const at = (path: string) => join(folder, path);
  for (const path of ["bin", "cni/bin", "cni/net.d", "etc", "log/pods", "nri/plugins", "nri/conf.d"]) {
    await mkdir(at(path), { recursive: true });
  }
  const { version } = packages;
  const { maxConfNum = 1, nri = true } = options;
  const pluginFolders = [...(options.links === "first" ? [at(linksFolder)] : []), at("cni/bin")];
  const daemon = { folder, version, maxConfNum, nri, sandboxImage: pauseImage, pluginFolders };
  await writeFile(at("etc/config.toml"), daemonConfig(daemon));

  // init.sh bind-mounts the packages on un/.
  for (const program of programs) {
    await symlink(at(`un/${program}`), at(`bin/${basename(program)}`));
  }
  const busybox = await findBusybox(packages.root);
  await symlink(at(`un/${busybox}`), at("bin/busybox"));
  for (const name of [...iptables, ...iptables.map((name) => name.replace("ip", "ip6"))]) {
    await writeFile(at(`bin/${name}`), await iptablesWrapper(folder, packages.root, name), { mode: 0o755 });
  }
  for (const plugin of await readdir(join(packages.root, "usr/lib/cni"))) {
    await symlink(at(`un/usr/lib/cni/${plugin}`), at(`cni/bin/${plugin}`));
  }
  const { taps } = options;
  const copied = { ...(taps ? { cni_pre: taps.pre, cni_post: taps.post } : {}), ...options.plugins };
  for (const [name, file] of Object.entries(copied)) {
    await copyFile(file, at(`cni/bin/${name}`)).catch((error: Error) => {
      throw new ContainerdError(`Cannot copy the plugin ${file}: ${error.message}`);
    });
    await chmod(at(`cni/bin/${name}`), 0o755);
  }
  if (options.links) await linkPlugins(at("cni/bin"), at(linksFolder));

  const { cniVersion } = options;
  const network = podNetwork(cniVersion === undefined ? {} : { cniVersion });
  for (const [name, text] of Object.entries(
    options.conflists ?? { "10-k8s-pod-network.conflist": network },
  )) {
    await writeFile(at(`cni/net.d/${name}`), text);
  }
  await writeFile(at("etc/images.tar"), packImages(await readFile(join(packages.root, busybox))));
}

/** Links each plugin's name to cni_wrap. */
async function linkPlugins(plugins: string, links: string): Promise<void> {
  const names = await readdir(plugins);
  await mkdir(links);
  for (const name of names.filter((name) => !name.startsWith("cni_")))
    await symlink("../cni_wrap", join(links, name));
  await writeFile(join(links, "cni-tap.json"), '{"logFormat":"json"}\n');
}

/** The path of busybox: /bin in Debian 12's package, /usr/bin since Debian 13. */
async function findBusybox(root: string): Promise<string> {
  const bin = await readdir(join(root, "bin")).catch((): string[] => []);
  return bin.includes("busybox") ? "bin/busybox" : "usr/bin/busybox";
}

/** A script that runs the unpacked iptables with its libraries. */
async function iptablesWrapper(folder: string, root: string, name: string): Promise<string> {
  const libraries =
    (await readdir(join(root, "usr/lib"))).find((entry) => entry.endsWith("-linux-gnu")) ?? "";
  const path = join(folder, "un/usr/lib", libraries);
  return `#!/bin/sh
LD_LIBRARY_PATH=${path} XTABLES_LIBDIR=${path}/xtables exec ${folder}/un/usr/sbin/xtables-nft-multi ${name} "$@"
`;
}
