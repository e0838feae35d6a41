import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeHeld,
  type HeldDevice,
  type HeldPod,
  type Home,
  parseHeld,
} from "../../../src/plugins/network-device-injector/held.ts";
import { isInterfaceName } from "../../../src/plugins/network-device-injector/interface-name.ts";
import {
  type Link,
  readLinks,
  readRouteDevices,
} from "../../../src/plugins/network-device-injector/links.ts";
import { uplinks } from "../../../src/plugins/network-device-injector/plan.ts";
import { findInPod, findOnHost, homeSteps } from "../../../src/plugins/network-device-injector/steps.ts";

const home: Home = {
  ...{ index: 7, name: "eth1", kind: "", mac: "02:00:00:00:00:01", permanentMac: "", mtu: 1500, up: true },
  ...{ alias: "", master: "", addresses: [] },
};
const held: HeldDevice = { home, podName: "net1", podIndex: 3 };
const link = (more: Partial<Link> = {}): Link => ({ ...home, lower: "", lowerElsewhere: false, ...more });

describe("a device", () => {
  it("that is as it was needs no step", () => {
    expect(homeSteps(link(), home)).toEqual([]);
  });

  it("that the kernel has given back after its namespace ended is found and made what it was", () => {
    // Hardware comes back with its name in the pod, or as devN; not with its addresses.
    const before: Home = { ...home, addresses: readLinks(shown)[0]?.addresses ?? [] };
    const back = link({ name: "dev12", index: 12, alias: "eth1", up: false, mtu: 1400 });
    expect(
      findOnHost({ ...held, home: before }, [
        link({ name: "eth0", mac: "02:00:00:00:00:02", index: 3 }),
        back,
      ]),
    ).toBe(back);
    expect(homeSteps(back, before).map(({ where, args }) => [where, ...args].join(" "))).toEqual([
      "host link set dev dev12 name eth1",
      "host link set dev eth1 mtu 1500",
      "host address replace 10.0.0.5/24 brd 10.0.0.255 scope global metric 100 valid_lft 800 preferred_lft 700 noprefixroute dev eth1",
      "host address replace fe80::1/64 scope link dev eth1",
      "host link set dev eth1 up alias ",
    ]);
  });

  it("is known by its index in the pod, or by what it came with", () => {
    expect(
      findInPod(held, [link({ index: 4 }), link({ index: 3, name: "x", mac: "02:00:00:00:00:09" })])?.name,
    ).toBe("x");
    expect(findInPod(held, [link({ index: 3, kind: "veth" })])).toBeUndefined();
    const unknown = { ...held, podIndex: null };
    expect(findInPod(unknown, [link({ index: 9, name: "net1" })])?.index).toBe(9);
    expect(findInPod(unknown, [link({ index: 9, name: "net1", mac: "02:00:00:00:00:09" })])).toBeUndefined();
    const hardware = { ...home, permanentMac: "02:00:00:00:00:aa" };
    const changed = link({
      mac: "02:00:00:00:00:09",
      permanentMac: "02:00:00:00:00:aa",
      alias: "eth1",
      name: "net1",
    });
    expect(findOnHost({ ...held, home: hardware }, [changed])).toBe(changed);
    expect(findOnHost(held, [link({ index: 99, name: "eth5" })])).toBeUndefined();
  });

  it("carries the default route through whatever is above and below it", () => {
    const links = [
      link({ name: "bond0.5", lower: "bond0" }),
      link({ name: "bond0" }),
      link({ name: "eth0", master: "bond0" }),
      link({ name: "eth1", master: "bond0", lower: "bond0.5" }), // a ring, for what it is worth
      link({ name: "eth2" }),
    ];
    expect([...uplinks({ hostLinks: links, defaultRouteDevices: ["bond0.5"] })].sort()).toEqual([
      "bond0",
      "bond0.5",
      "eth0",
      "eth1",
    ]);
    const routes =
      '[{"dst":"default","nexthops":[{"dev":"eth2"},{"dev":"eth3"}]},{"dst":"default","dev":"eth4"}]';
    expect(readRouteDevices(routes)).toEqual(["eth2", "eth3", "eth4"]);
    expect(readRouteDevices("\n")).toEqual([]);
  });
});

const shown = `[{},{"ifindex":2,"ifname":"eth1","flags":["UP"],"mtu":1500,"address":"02:00:00:00:00:01","addr_info":[
  {"family":"inet","local":"10.0.0.5","prefixlen":24,"metric":100,"broadcast":"10.0.0.255","scope":"global",
   "dynamic":true,"noprefixroute":true,"label":"eth1","valid_life_time":800,"preferred_life_time":700},
  {"family":"inet6","local":"fd00::5","prefixlen":64,"scope":"global","temporary":true},
  {"family":"inet6","local":"fe80::2","prefixlen":64,"scope":"link","protocol":"kernel_ll"},
  {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link",
   "valid_life_time":4294967295,"preferred_life_time":4294967295},
  {"family":"mpls"}]}]`;

describe("what ip(8) says", () => {
  it("is read, and what is no interface is left out", () => {
    expect(readLinks(shown)).toMatchObject([
      { index: 2, name: "eth1", kind: "", up: true, addresses: [{}, {}] },
    ]);
    expect(readLinks("")).toEqual([]);
    expect(() => readLinks("Usage: ip")).toThrow("Cannot read what ip(8) said: it is no JSON");
    expect(readLinks('[null, 5, [], {"ifname": 5}]')).toEqual([]);
  });
});

describe("the file of what is held", () => {
  const pod: HeldPod = {
    ...{ id: "abc", namespace: "default", name: "web", netns: "/run/netns/x", inode: 4026532000 },
    ...{
      state: "injected",
      devices: [{ ...held, home: { ...home, addresses: readLinks(shown)[0]?.addresses ?? [] } }],
    },
  };

  it("is read back", () => {
    expect(parseHeld(encodeHeld([pod]))).toEqual({ pods: [pod], broken: 0 });
    expect(parseHeld(encodeHeld([]))).toEqual({ pods: [], broken: 0 });
  });

  it("never makes arguments of what no argument can be", () => {
    const text = encodeHeld([pod]);
    const values = fc.constantFrom(
      '"-all"',
      '"a b"',
      '"/etc"',
      '"../x"',
      '""',
      "null",
      "-1",
      "1.5",
      "{}",
      "[]",
      '"\\u0000"',
      "true",
      '"x\\n"',
    );
    const tokens = text.match(/"[^"]*"|\d+|null|true/g) ?? [];
    fc.assert(
      fc.property(fc.nat(tokens.length - 1), values, (at, value) => {
        let count = 0;
        const changed = text.replace(/"[^"]*"|\d+|null|true/g, (token) => (count++ === at ? value : token));
        for (const { id, netns, devices } of parseHeld(changed).pods) {
          expect(id).toMatch(/^[A-Za-z0-9][\w.-]*$/);
          expect(netns).toMatch(/^\//);
          for (const one of devices) {
            expect(isInterfaceName(one.podName) && isInterfaceName(one.home.name)).toBe(true);
            const steps = homeSteps(link({ name: "net1", mtu: 1, mac: "02:00:00:00:00:0f" }), one.home);
            for (const { args } of steps) {
              const [, , , ...words] = args;
              const alias = args.indexOf("alias");
              for (const [position, word] of words.entries())
                if (position + 3 !== alias + 1) expect(word).toMatch(/^[\w][^\s\0]*$/);
            }
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("is garbage in any other form, which does no harm", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => void expect(parseHeld(text).pods).toEqual([])),
    );
  });
});
