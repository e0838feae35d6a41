import { addressKey, isOwn } from "../../story/address.ts";
import { deletePod, nodeCheck, nodeFinding, ofNetwork } from "./node-finding.ts";

/** A pod was given an address that the host has, such as its tunnel's (calico#3589). */
export const resultHostIp = nodeCheck(
  ({ facts, lives }) => {
    const own = new Set((facts.hostAddresses ?? []).map(addressKey));
    return facts.cache.flatMap(({ path, attachment }) => {
      if (attachment === null || !lives.isLive(attachment)) return [];
      return attachment.addresses
        .filter(({ address, ofHost }) => !ofHost && isOwn(address) && own.has(addressKey(address)))
        .map(({ address }) => ({ key: `${path} ${address}`, path, attachment, address }));
    });
  },
  (found, { lives }) =>
    found.map(({ path, attachment: { containerId, network }, address }) => {
      const pod = lives.podOf(containerId);
      return nodeFinding({
        ...{ code: "result-host-ip", severity: "error", containerId, network, pod, files: [path] },
        brief: "its address is one of the host's own",
        sentence: `${lives.nameOf(containerId)}${ofNetwork(network)} has ${address}, which is one of the host's own addresses`,
        advice: `ip addr show to ${address} names the host's interface. ${pod === null ? "Delete the pod" : deletePod(pod)}: the pod gets another address, and loses what it has in memory. See why the IPAM plugin took the address for free.`,
      });
    }),
);
