/** A network's plugin list: bridge and portmap, and taps first and last around them. */
export interface NetworkOptions {
  /** Default "k8s-pod-network". */
  readonly name?: string;
  /** Default "1.0.0". */
  readonly cniVersion?: string;
  /** Keys of both taps' stanzas; null for a network without taps. */
  readonly tap?: Readonly<Record<string, unknown>> | null;
  /** Keys of bridge's stanza, over the default ones. */
  readonly bridge?: Readonly<Record<string, unknown>>;
  /** Keys of host-local's range, over the default subnet. */
  readonly range?: Readonly<Record<string, unknown>>;
}

/** The text of a conflist. One bridge has one subnet: two networks of a node need two names in `bridge`. */
export function podNetwork(options: NetworkOptions = {}): string {
  const { name = "k8s-pod-network", cniVersion = "1.0.0", tap = {} } = options;
  const list = {
    cniVersion,
    name,
    plugins: [
      ...(tap ? [{ type: "cni_pre", ...tap }] : []),
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: true,
        ipMasqBackend: "iptables", // nftables is the other one, and nft(8) is not here
        hairpinMode: true,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: "10.244.1.0/24", ...options.range }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
        ...options.bridge,
      },
      { type: "portmap", backend: "iptables", capabilities: { portMappings: true } },
      ...(tap ? [{ type: "cni_post", ...tap }] : []),
    ],
  };
  return `${JSON.stringify(list, null, 2)}\n`;
}
