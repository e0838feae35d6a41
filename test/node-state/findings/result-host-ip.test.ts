import { expect, test } from "vitest";
import { cached, found, listed, node, sentences } from "../support.ts";

const withAddress = (address: string, ofHost = false) => ({
  ...node(1, 2),
  cache: [cached(1), cached(2, { addresses: [{ address, ofHost }] })],
});

test.each(["192.168.0.5", "10.1.2.254"])("result-host-ip: %s", (address) => {
  expect(found("result-host-ip", withAddress(address))[0]).toMatchObject({
    severity: "error",
    sentence: `default/web-2 of network net has ${address}, which is one of the host's own addresses`,
    advice: expect.stringContaining(`ip addr show to ${address} `),
  });
});

test("result-host-ip: another spelling of an IPv6 address", () => {
  const facts = { ...withAddress("fd00:0:0::7"), hostAddresses: ["fd00:0000:0000:0000:0000:0000:0000:0007"] };
  expect(sentences("result-host-ip", facts)).toHaveLength(1);
});

test.each([
  ["an address of its own", withAddress("10.1.2.77")],
  ["loopback", withAddress("127.0.0.1")],
  ["link-local", withAddress("fe80::1")],
  ["the host's end of the link", withAddress("10.1.2.254", true)],
  [
    "a pod that is gone",
    {
      ...withAddress("10.1.2.254"),
      namespaces: { mounted: node(1).namespaces.mounted, there: node(1).namespaces.there },
      runtime: { name: "c", version: "1", pods: [listed(2, false)] },
    },
  ],
  ["the host's addresses are not known", { ...withAddress("10.1.2.254"), hostAddresses: null }],
])("no result-host-ip: %s", (_, facts) => {
  expect(sentences("result-host-ip", facts)).toEqual([]);
});
