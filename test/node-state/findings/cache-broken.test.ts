import { expect, test } from "vitest";
import { readCacheFile } from "../../../src/node-state/cache-file.ts";
import { found, idOf, node } from "../support.ts";

const path = `/var/lib/cni/results/net-${idOf(9)}-eth0`;
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
const read = (text: string) =>
  readCacheFile({ path, text, mtimeMs: 0 }, (one) => Buffer.from(one, "base64").toString()).file;
const whole = { kind: "cniCacheV1", containerId: idOf(9), config: base64({ name: "net", type: "ptp" }) };

test.each([
  ["", "is empty"],
  ["{", "is no JSON object"],
  ["[]", "is no JSON object"],
  ["\0\0\0\0", "is no JSON object"],
  ["{}", "is neither an attachment nor a result"],
  ['{"kind":"cniCacheV1"}', "has no configuration"],
  [JSON.stringify({ ...whole, config: 5 }), "has no configuration"],
  [
    JSON.stringify({ ...whole, config: "e30K!" }).replace("e30K!", "W10="),
    "has a configuration that is no JSON object",
  ],
])("cache-broken: %j", (text, problem) => {
  const file = read(text);
  const facts = { ...node(1), cache: [...node(1).cache, file] };
  const [finding] = found("cache-broken", facts);
  expect(finding).toMatchObject({
    severity: "error",
    sentence: `${path} ${problem}: libcni before 1.2.1 fails each DEL of its pod on it, before any plugin runs`,
    files: [path],
    advice: expect.stringMatching(`^rm ${path}: DEL then runs without`),
  });
  const two = {
    ...facts,
    runtime: { name: "containerd", version: "2.1.9", pods: node(1).runtime?.pods ?? [] },
  };
  expect(found("cache-broken", two)[0]?.severity).toBe("warning"); // it has a newer libcni
});

test.each([
  ["an attachment", JSON.stringify(whole)],
  ["a bare result of libcni before 0.8", '{"cniVersion":"0.3.1","ips":[]}'],
  ["a bare result of 0.2.0", '{"cniVersion":"0.2.0","ip4":{"ip":"10.1.2.9/24"}}'],
  ["a file of a later libcni", '{"kind":"cniCacheV2"}'],
])("no cache-broken: %s", (_, text) => {
  expect(read(text).problem).toBeNull();
});

test("what a cached attachment tells", () => {
  const text = JSON.stringify({
    ...whole,
    ...{ ifName: "eth0", networkName: "net", netns: "/run/netns/a" },
    cniArgs: [["K8S_POD_NAMESPACE", "default"], ["K8S_POD_NAME", "web"], 5],
    capabilityArgs: { portMappings: [{ HostPort: 80, Protocol: "UDP", HostIP: "" }, { hostPort: 0 }, null] },
    result: {
      interfaces: [{ name: "veth" }, { name: "eth0", sandbox: "/run/netns/a" }],
      ips: [
        { address: "10.1.2.9/24", interface: 1 },
        { address: "10.1.2.8/24", interface: 0 },
        { address: "x" },
      ],
    },
  });
  expect(read(text).attachment).toEqual({
    ...{ containerId: idOf(9), network: "net", ifname: "eth0", netns: "/run/netns/a" },
    pod: { namespace: "default", name: "web" },
    plugins: [{ type: "ptp", backend: null }],
    portMappings: [{ hostPort: 80, protocol: "udp", hostIp: "" }],
    addresses: [
      { address: "10.1.2.9", ofHost: false },
      { address: "10.1.2.8", ofHost: true },
    ],
  });
});

test("a bare result is named by its file", () => {
  const text = JSON.stringify({
    cniVersion: "0.3.1",
    interfaces: [{ name: "eth0", sandbox: "/run/netns/a" }],
    ips: [],
  });
  expect(read(text).attachment).toMatchObject({
    containerId: idOf(9),
    network: "net",
    ifname: "eth0",
    netns: "/run/netns/a",
  });
});
