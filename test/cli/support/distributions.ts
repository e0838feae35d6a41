/** How distributions lay out a node's networks; only what checks and findings look at. */

export interface Distribution {
  readonly name: string;
  readonly confDir: string;
  readonly file: string;
  readonly list: { readonly name: string; readonly [key: string]: unknown };
  readonly binDir: string;
  readonly socket: string;
  readonly runtime: string;
  /** The runtime's process, and its PATH. */
  readonly command: string;
  readonly path: string;
  /** The folder with iptables. */
  readonly tools: string;
  readonly dataDir: string | null;
  readonly subnet: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Sockets of daemons. */
  readonly daemons?: readonly string[];
}

const portmap = { type: "portmap", capabilities: { portMappings: true } };
const bandwidth = { type: "bandwidth", capabilities: { bandwidth: true } };
const SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const KUBECONFIG = "apiVersion: v1\nkind: Config\nusers:\n- name: calico\n  user:\n    token: abc\n";

export const DISTRIBUTIONS: readonly Distribution[] = [
  {
    name: "k3s",
    confDir: "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    file: "10-flannel.conflist",
    list: {
      ...{ name: "cbr0", cniVersion: "1.0.0" },
      plugins: [
        { type: "flannel", delegate: { hairpinMode: true, forceAddress: true, isDefaultGateway: true } },
        portmap,
        bandwidth,
      ],
    },
    binDir: "/var/lib/rancher/k3s/data/cni",
    socket: "/run/k3s/containerd/containerd.sock",
    runtime: "containerd",
    command: "containerd -c /var/lib/rancher/k3s/agent/etc/containerd/config.toml",
    path: `/var/lib/rancher/k3s/data/0a1b/bin:${SYSTEM}:/var/lib/rancher/k3s/data/0a1b/bin/aux`,
    tools: "/var/lib/rancher/k3s/data/0a1b/bin/aux",
    dataDir: "/var/lib/cni/networks",
    subnet: "10.42.0",
    files: {
      "/run/flannel/subnet.env":
        "FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=10.42.0.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
    },
  },
  {
    name: "RKE2 with Canal",
    confDir: "/etc/cni/net.d",
    file: "10-canal.conflist",
    list: {
      ...{ name: "k8s-pod-network", cniVersion: "0.3.1" },
      plugins: [
        {
          ...{ type: "calico", log_level: "info", datastore_type: "kubernetes", nodename: "n", mtu: 1450 },
          ipam: { type: "host-local", ranges: [[{ subnet: "usePodCidr" }]] },
          policy: { type: "k8s" },
          kubernetes: { kubeconfig: "/etc/cni/net.d/calico-kubeconfig" },
        },
        { ...portmap, snat: true },
        bandwidth,
      ],
    },
    binDir: "/opt/cni/bin",
    socket: "/run/k3s/containerd/containerd.sock",
    runtime: "containerd",
    command: "containerd -c /var/lib/rancher/rke2/agent/etc/containerd/config.toml",
    path: `/var/lib/rancher/rke2/data/v1/bin:${SYSTEM}`,
    tools: "/usr/sbin",
    dataDir: "/var/lib/cni/networks",
    subnet: "10.42.1",
    files: { "/etc/cni/net.d/calico-kubeconfig": KUBECONFIG },
  },
  {
    name: "microk8s",
    confDir: "/var/snap/microk8s/current/args/cni-network",
    file: "10-calico.conflist",
    list: {
      ...{ name: "k8s-pod-network", cniVersion: "0.3.1" },
      plugins: [
        {
          ...{ type: "calico", datastore_type: "kubernetes", nodename: "n" },
          ipam: { type: "calico-ipam" },
          policy: { type: "k8s" },
          kubernetes: { kubeconfig: "/var/snap/microk8s/current/args/cni-network/calico-kubeconfig" },
        },
        { ...portmap, snat: true },
        bandwidth,
      ],
    },
    binDir: "/var/snap/microk8s/current/opt/cni/bin",
    socket: "/var/snap/microk8s/common/run/containerd.sock",
    runtime: "containerd",
    command: "/snap/microk8s/1/bin/containerd --config /var/snap/microk8s/1/args/containerd.toml",
    path: `/snap/microk8s/1/usr/sbin:/snap/microk8s/1/bin:${SYSTEM}`,
    tools: "/snap/microk8s/1/usr/sbin",
    dataDir: null,
    subnet: "10.1.7",
    files: { "/var/snap/microk8s/current/args/cni-network/calico-kubeconfig": KUBECONFIG },
  },
  {
    name: "GKE",
    confDir: "/etc/cni/net.d",
    file: "10-containerd-net.conflist",
    list: {
      ...{ name: "k8s-pod-network", cniVersion: "0.3.1" },
      plugins: [
        {
          ...{ type: "ptp", mtu: 1460 },
          ipam: { type: "host-local", ranges: [[{ subnet: "10.8.3.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
        },
        { ...portmap, noSnat: true },
      ],
    },
    binDir: "/home/kubernetes/bin",
    socket: "/run/containerd/containerd.sock",
    runtime: "containerd",
    command: "/usr/bin/containerd",
    path: SYSTEM,
    tools: "/sbin",
    dataDir: "/var/lib/cni/networks",
    subnet: "10.8.3",
  },
  {
    name: "OpenShift",
    confDir: "/etc/kubernetes/cni/net.d",
    file: "00-multus.conf",
    list: {
      ...{ name: "multus-cni-network", cniVersion: "0.3.1", type: "multus-shim", logLevel: "verbose" },
      ...{ daemonSocketDir: "/run/multus/socket", namespaceIsolation: true },
    },
    binDir: "/var/lib/cni/bin",
    socket: "/run/crio/crio.sock",
    runtime: "cri-o",
    command: "/usr/bin/crio",
    path: SYSTEM,
    tools: "/usr/sbin",
    dataDir: null,
    subnet: "10.128.0",
    daemons: ["/run/multus/socket/multus.sock"],
  },
  {
    name: "kind",
    confDir: "/etc/cni/net.d",
    file: "10-kindnet.conflist",
    list: {
      ...{ name: "kindnet", cniVersion: "0.3.1" },
      plugins: [
        {
          ...{ type: "ptp", ipMasq: false, mtu: 1500 },
          ipam: {
            ...{ type: "host-local", dataDir: "/run/cni-ipam-state", routes: [{ dst: "0.0.0.0/0" }] },
            ranges: [[{ subnet: "10.244.0.0/24" }]],
          },
        },
        portmap,
      ],
    },
    binDir: "/opt/cni/bin",
    socket: "/run/containerd/containerd.sock",
    runtime: "containerd",
    command: "/usr/local/bin/containerd",
    path: SYSTEM,
    tools: "/usr/sbin",
    dataDir: "/run/cni-ipam-state",
    subnet: "10.244.0",
  },
];
