import { describe, expect, test } from "vitest";
import { type About, NETNS, RESULT, tapLine } from "../support.ts";
import { chain, codesOf, findingsOf, WITH_RESULT, wrapped } from "./support.ts";

const FIRST: About = { at: 0 };
/** A chain that ended with this result. */
const given = (result: object, about = FIRST) => chain("ADD", about, result);
const IP = RESULT.ips[0];

/** What Calico gives: the host's interface alone, and an address without an index. */
const CALICO = {
  interfaces: [{ name: "cali12d4a061371" }],
  ips: [{ address: "10.65.1.7/32" }],
};

test("Calico's and weave's results are fine", () => {
  expect(codesOf(given(CALICO))).toEqual([]);
  expect(
    codesOf(given({ interfaces: undefined, ips: [{ address: "10.32.0.4/12", gateway: "10.32.0.1" }] })),
  ).toEqual([]);
  const old = { cniVersion: "0.2.0", ip4: { ip: "10.1.2.3/24", gateway: "10.1.2.1" } };
  const line = tapLine("ADD", "post", FIRST, { ...old, ips: undefined, interfaces: undefined });
  expect(codesOf([line.replace('"cniVersion":"1.0.0","ifname"', '"cniVersion":"0.1.0","ifname"')])).toEqual(
    [],
  );
});

describe("result-no-version", () => {
  test("a result without cniVersion, and whose", () => {
    const [found] = findingsOf("result-no-version", given({ cniVersion: undefined }));
    expect(found).toMatchObject({ severity: "error", plugin: null, name: "web-0", lines: [2] });
    const { cniVersion: _, ...bare } = RESULT;
    const lines = [
      ...wrapped("ADD", "weave-net", { at: 0 }, { output: bare }),
      ...wrapped("ADD", "portmap", { at: 9 }),
    ];
    expect(findingsOf("result-no-version", lines)).toMatchObject([
      { plugin: "weave-net", severity: "error", lines: [1, 2] },
    ]);
  });

  test("another family than the list's: a warning for each network", () => {
    const two = [0, 100].flatMap((at) => given({ cniVersion: "0.4.0" }, { at, id: `c${at}` }));
    const found = findingsOf("result-no-version", two);
    expect(found).toMatchObject([{ severity: "warning", containerId: null, network: "net", lines: [2] }]);
    expect(found[0]?.sentence).toContain("is of version 0.4.0, the list of 1.0.0");
  });

  test("and an error where the next plugin failed", () => {
    const old = { ...RESULT, cniVersion: "0.4.0" };
    const lines = [
      ...wrapped("ADD", "old", { at: 0 }, { output: old }),
      ...wrapped(
        "ADD",
        "tuning",
        { at: 9 },
        { exit: 1, output: { code: 2, msg: "could not parse prevResult" } },
      ),
    ];
    expect(findingsOf("result-no-version", lines)).toMatchObject([{ severity: "error", plugin: "old" }]);
  });

  test("not for another version of the same family, or a DEL", () => {
    expect(codesOf(given({ cniVersion: "1.1.0" }))).toEqual([]);
    expect(codesOf(wrapped("DEL", "bridge", { at: 0 }))).not.toContain("result-no-version");
    const unversioned = given({ cniVersion: undefined }).map((line) =>
      line.replace('"cniVersion":"1.0.0"', '"cniVersion":null'),
    );
    expect(codesOf(unversioned)).toEqual([]);
  });
});

describe("result-no-interface", () => {
  test("an index that points to no interface, or to one that is not in the pod", () => {
    const away = {
      interfaces: [{ name: "veth1" }, { name: "eth0", sandbox: NETNS }],
      ips: [{ ...IP, interface: 0 }],
    };
    const [found] = findingsOf("result-no-interface", given(away));
    expect(found).toMatchObject({ severity: "error", lines: [2] });
    expect(found?.sentence).toContain("10.1.2.3/24 (veth1, which is not in the pod)");
    const none = given({ ips: [{ ...IP, interface: 4 }] });
    expect(findingsOf("result-no-interface", none)[0]?.sentence).toContain("(index 4, where there is none)");
  });
});

describe("result-ifname", () => {
  test("no interface of the name that was asked for", () => {
    const other = { interfaces: [{ name: "net7", sandbox: NETNS }] };
    expect(findingsOf("result-ifname", given(other))[0]?.sentence).toBe(
      "The result for default/web-0 in network net has no interface eth0 in the pod, only net7",
    );
  });

  test("not in the classic format, which does not tell the name", () => {
    const output = JSON.stringify({ ...RESULT, interfaces: [{ name: "net7", sandbox: NETNS }] });
    expect(codesOf([`CNI_COMMAND=ADD,CNI_CONTAINERID=c1,output=${output}`])).toEqual([]);
  });
});

describe("result-gateway", () => {
  const via = (address: string, gateway: string) => given({ ips: [{ address, gateway, interface: 0 }] });

  test("a gateway outside its address's subnet", () => {
    for (const [address, gateway] of [
      ["10.1.2.3/24", "10.1.3.1"],
      ["fd00::3/64", "fd01::1"],
    ] as const)
      expect(findingsOf("result-gateway", via(address, gateway))).toMatchObject([
        { severity: "warning", lines: [2] },
      ]);
  });

  test.each([
    ["10.1.2.3/16", "10.1.3.1"],
    ["10.1.2.3/32", "169.254.1.1"],
    ["10.1.2.3/32", "10.1.9.1"],
    ["10.1.2.3/24", "169.254.1.1"],
    ["fd00::3/64", "fe80::1"],
    ["fd00::3/128", "fd01::1"],
  ])("silent: %s via %s", (address, gateway) => {
    expect(findingsOf("result-gateway", via(address, gateway))).toEqual([]);
  });
});

describe("result-family", () => {
  const dual = (at: number) => ({ ips: [{ address: `10.1.2.${at}/24` }, { address: `fd00::${at}/64` }] });
  const single = (at: number) => ({ ips: [{ address: `10.1.2.${at}/24` }] });
  const pods = (lacking: readonly number[], count = 21) =>
    Array.from({ length: count }, (_, at) =>
      given(lacking.includes(at) ? single(at) : dual(at), {
        at: at * 100,
        id: `c${at}`,
        pod: `default/web-${at}`,
      }),
    ).flat();

  test("one lacks a family that its neighbours have", () => {
    const [found, ...more] = findingsOf("result-family", pods([10]));
    expect(more).toEqual([]);
    expect(found).toMatchObject({ severity: "warning", name: "web-10", lines: [22] });
    expect(found?.sentence).toContain("no IPv6 address in network net, where 20 of the 20 pods");
    expect(findingsOf("result-family", pods([10, 11, 12, 13, 14], 25))).toHaveLength(5);
  });

  test("not where more of them lack it, or there are too few", () => {
    expect(findingsOf("result-family", pods([10, 11, 12, 13, 14, 15], 26))).toEqual([]);
    expect(findingsOf("result-family", pods([10], 16))).toEqual([]);
  });
});

describe("result-lost", () => {
  const before = { ...RESULT, routes: [{ dst: "0.0.0.0/0" }, { dst: "fd00::/64" }] };
  const second = (plugin: string, output: object) =>
    wrapped("ADD", plugin, { at: 9, pid: 2 }, { output }, { prevResult: before });

  test("an interface, an address or a route that was there before", () => {
    const [found] = findingsOf("result-lost", second("sbr", { cniVersion: "1.0.0" }));
    expect(found).toMatchObject({ severity: "error", plugin: "sbr", lines: [1, 2] });
    expect(found?.sentence).toContain(
      "interface eth0, address 10.1.2.3/24, route 0.0.0.0/0 and route fd00::/64",
    );
    expect(
      findingsOf("result-lost", second("tuning", { ...before, routes: [before.routes[0]] })),
    ).toHaveLength(1);
  });

  test("not where it is spelled otherwise, or by route-override, or by a delegate", () => {
    const same = { ...before, routes: [{ dst: "0.0.0.0/0" }, { dst: "fd00:0:0::/64" }], extra: 1 };
    expect(findingsOf("result-lost", second("tuning", same))).toEqual([]);
    expect(findingsOf("result-lost", second("route-override", RESULT))).toEqual([]);
    const [begin = "", end = ""] = wrapped(
      "ADD",
      "ipvlan",
      { at: 0, pid: 1 },
      { ms: 50, output: before },
      WITH_RESULT,
    );
    const own = { cniVersion: "1.0.0", ips: [{ address: "10.1.2.3/24" }] };
    const inner = wrapped(
      "ADD",
      "host-local",
      { at: 5, pid: 2 },
      { output: own },
      { type: "ipvlan", prevResult: before },
    );
    expect(findingsOf("result-lost", [begin, ...inner, end])).toEqual([]);
  });
});
