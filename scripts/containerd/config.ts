/** Options of containerd's configuration. */
export interface DaemonOptions {
  /** The working directory. */
  readonly folder: string;
  /** containerd's version, such as "2.1.9". */
  readonly version: string;
  /** To how many files of the configuration directory a pod is attached; 0 means all. */
  readonly maxConfNum: number;
  /** The name of the sandbox image. */
  readonly sandboxImage: string;
  /** Whether NRI is enabled. */
  readonly nri: boolean;
  /** The directories of plugins; containerd 1.7 has the first of them only. */
  readonly pluginFolders: readonly string[];
}

const unused = [
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.tracing.processor.v1.otlp",
];

/** Returns containerd's configuration. All its files are below the working directory. */
export function daemonConfig(options: DaemonOptions): string {
  return options.version.startsWith("1.") ? version2(options) : version3(options);
}

function version3(options: DaemonOptions): string {
  const { folder, maxConfNum, sandboxImage, pluginFolders } = options;
  const runtime = "plugins.'io.containerd.cri.v1.runtime'";
  return `version = 3
${common(options, [...unused, "io.containerd.snapshotter.v1.erofs"])}
[plugins.'io.containerd.cri.v1.images']
snapshotter = 'overlayfs'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '${sandboxImage}'
[${runtime}]
disable_apparmor = true
restrict_oom_score_adj = true
[${runtime}.cni]
bin_dirs = [${pluginFolders.map((path) => `'${path}'`).join(", ")}]
conf_dir = '${folder}/cni/net.d'
max_conf_num = ${maxConfNum}
${runc(`${runtime}.containerd`, folder)}`;
}

/** For containerd 1.7. */
function version2(options: DaemonOptions): string {
  const { folder, maxConfNum, sandboxImage, pluginFolders } = options;
  const cri = "plugins.'io.containerd.grpc.v1.cri'";
  return `version = 2
${common(options, unused)}
[${cri}]
sandbox_image = '${sandboxImage}'
disable_apparmor = true
restrict_oom_score_adj = true
[${cri}.cni]
bin_dir = '${pluginFolders[0]}'
conf_dir = '${folder}/cni/net.d'
max_conf_num = ${maxConfNum}
[${cri}.containerd]
snapshotter = 'overlayfs'
${runc(`${cri}.containerd`, folder)}`;
}

function common({ folder, nri }: DaemonOptions, disabled: readonly string[]): string {
  return `root = '${folder}/lib'
state = '${folder}/run'
disabled_plugins = [${disabled.map((id) => `'${id}'`).join(", ")}]
[debug]
level = 'debug'
[grpc]
address = '${folder}/run/containerd.sock'
[plugins.'io.containerd.internal.v1.opt']
path = '${folder}/lib/opt'
[plugins.'io.containerd.nri.v1.nri']
disable = ${!nri}
disable_connections = false
socket_path = '${folder}/run/nri.sock'
plugin_path = '${folder}/nri/plugins'
plugin_config_path = '${folder}/nri/conf.d'`;
}

function runc(containerd: string, folder: string): string {
  return `[${containerd}.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
[${containerd}.runtimes.runc.options]
BinaryName = '${folder}/bin/runc'
SystemdCgroup = false
`;
}
