/** Options of a network with bridge, portmap, and taps first and last. */
export interface NetworkOptions {
  /** Default "k8s-pod-network". */
  readonly name?: string;
  /** Default "1.0.0". */
  readonly cniVersion?: string;
  /** Keys of both taps' stanzas; null for a network without taps. */
  readonly tap?: Readonly<Record<string, unknown>> | null;
  /** Keys of bridge's stanza, which override the defaults. */
  readonly bridge?: Readonly<Record<string, unknown>>;
  /** Keys of host-local's range, which override the default subnet. */
  readonly range?: Readonly<Record<string, unknown>>;
}

/** The text of a conflist. Two networks of a node need different bridges: set the name in `bridge`. */
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
        ipMasqBackend: "iptables", // the alternative is nftables, but nft(8) is not available
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
