import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeviceError } from "../../../src/plugins/network-device-injector/device-error.ts";
import { ANNOTATIONS, readRequests } from "../../../src/plugins/network-device-injector/device-requests.ts";
import { isInterfaceName, matchesAny } from "../../../src/plugins/network-device-injector/interface-name.ts";
import { howOften } from "../../support/soak.ts";

const [KEY = ""] = ANNOTATIONS;
const read = (text: string) => readRequests({ [KEY]: text });
const request = { name: "eth1", podName: "eth1", address: null, mtu: null };

describe("requests", () => {
  it("are those of the original's page", () => {
    const text = `- name: enp2s2f0
  new_name: eth1
  address: 192.168.2.2
  prefix: 24
  mtu: 1500
- name: enp2s2f1
`;
    const address = { local: "192.168.2.2", family: 4, prefix: 24 };
    expect(read(text)).toEqual([
      { name: "enp2s2f0", podName: "eth1", address, mtu: 1500 },
      { ...request, name: "enp2s2f1", podName: "enp2s2f1" },
    ]);
  });

  it.each([
    ["", []],
    ["~", []],
    ["[]", []],
    ["[{name: eth1}]", [request]],
    ["[{name: eth1, new_name: '', address: '', prefix: 0, mtu: 0}]", [request]],
    [
      "[{name: eth1, address: fd00::1}]",
      [{ ...request, address: { local: "fd00::1", family: 6, prefix: 128 } }],
    ],
    ["[{name: e1}]", [{ ...request, name: "e1", podName: "e1" }]],
    ["[{name: eth1.5, MTU: 0x500}]", [{ ...request, name: "eth1.5", podName: "eth1.5", mtu: 1280 }]],
    ["- &a {name: eth1}\n- {<<: *a, name: eth2}", [request, { ...request, name: "eth2", podName: "eth2" }]],
  ])("of %j", (text, requests) => {
    expect(read(text)).toEqual(requests);
  });

  it("are those of the first annotation that is there, even if it is empty", () => {
    const texts = ANNOTATIONS.map((_, at) => `- name: eth${at}`);
    ANNOTATIONS.forEach((_, from) => {
      const annotations = Object.fromEntries(
        ANNOTATIONS.slice(from).map((key, at) => [key, texts[from + at] ?? ""]),
      );
      expect(readRequests(annotations)).toMatchObject([{ name: `eth${from}` }]);
    });
    expect(readRequests({ [KEY]: "", [ANNOTATIONS[1] ?? ""]: "- name: eth1" })).toEqual([]);
    expect(
      readRequests({ [`${KEY}x`]: "- name: eth1", "netdevice.noderesource.dev/container.c0": "x" }),
    ).toEqual([]);
    expect(ANNOTATIONS.slice(0, 4)).toEqual([
      "netdevice.noderesource.dev/pod",
      "netdevices.nri.containerd.io/pod",
      "netdevice.noderesource.dev",
      "netdevices.nri.containerd.io",
    ]);
  });

  const noName = (text: string) => `name ${text} is no name of a network interface`;
  it.each([
    [
      "name: eth1",
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type []main.netdevice",
    ],
    ["[{}]", noName('""')],
    ["[{name: ~}]", noName('""')],
    ["[{name: -eth1}]", noName('"-eth1"')],
    ["[{name: a/b}]", noName('"a/b"')],
    ["[{name: 'a b'}]", noName('"a b"')],
    ["[{name: ..}]", noName('".."')],
    ["[{name: all}]", noName('"all"')],
    ["[{name: eth%d}]", noName('"eth%d"')],
    ["[{name: abcdefghijklmnop}]", noName('"abcdefghijklmnop"')],
    ['[{name: "a\\0"}]', noName('"a\\x00"')],
    ['[{name: "\\e[31m"}]', noName('"\\x1b[31m"')],
    ["[{name: eth1, new_name: é}]", 'new_name "é" is no name of a network interface'],
    [`[{name: ${"x".repeat(1000)}}]`, noName(`"${"x".repeat(128)}..."`)],
    ["[{name: eth1, address: 10.0.0.1/24}]", 'error parsing address "10.0.0.1/24"'],
    ["[{name: eth1, address: 010.0.0.1}]", 'error parsing address "010.0.0.1"'],
    ["[{name: eth1, address: fe80::1%eth0}]", 'error parsing address "fe80::1%eth0"'],
    ["[{name: eth1, address: 224.0.0.1}]", "address 224.0.0.1 cannot be the address of an interface"],
    ["[{name: eth1, address: '::'}]", "address :: cannot be the address of an interface"],
    ["[{name: eth1, address: 10.0.0.1, prefix: 33}]", "prefix 33 is not between 0 and 32"],
    ["[{name: eth1, address: 10.0.0.1, prefix: -1}]", "prefix -1 is not between 0 and 32"],
    ["[{name: eth1, prefix: 24}]", "prefix 24 without an address"],
    ["[{name: eth1, mtu: -5}]", "mtu -5 is not between 0 and 2147483647"],
    [
      "[{name: eth1, mtu: '1500'}]",
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field netdevice.mtu of type int",
    ],
    ["[{name: eth1}, {name: eth1, new_name: eth2}]", "two devices have the name eth1"],
    ["[{name: eth1, new_name: a}, {name: a}]", "two devices have the new_name a"],
    [`[${"{name: eth1},".repeat(17)}]`, "it has 17 devices, and may have 16"],
  ])("are refused: %j", (text, message) => {
    expect(() => read(text)).toThrow(new DeviceError(`invalid device annotation "${KEY}": ${message}`));
  });

  const bomb = `- &a [x, x, x, x, x, x, x, x, x, x]\n${"bcdefghij".replace(/./g, (name) => {
    const last = String.fromCharCode(name.charCodeAt(0) - 1);
    return `- &${name} [${`*${last},`.repeat(10)}]\n`;
  })}`;
  it.each([
    ["a bomb of aliases", bomb],
    ["256 KB of text", "x".repeat(256 << 10)],
    ["256 KB of devices", `[${"{name: a},".repeat(26_000)}]`],
    ["deep lists", "[".repeat(16_000)],
    ["deep maps", "{a: ".repeat(4_000)],
    ["deep marks", "- ".repeat(8_000)],
    ["an alias of itself", "- &a [*a]"],
    ["control characters", "- name: \x01\x02\x7f"],
    ["NUL", "\0"],
    ["half a surrogate", '[{"name": "\\ud800"}]'],
    ["tabs", "\t- name: eth1"],
    ["tags", "- !!python/object:os.system {name: eth1}\n- !!int x"],
  ])("that are %s are refused without a word of them", (_, text) => {
    expect(() => read(text)).toThrow(DeviceError);
  });

  it("are valid, or the text is refused in a short line that can be shown, whatever it is", () => {
    const word = fc.oneof(
      ...[fc.string({ unit: "binary", maxLength: 20 }), fc.integer(), fc.double(), fc.boolean()],
      ...[fc.constantFrom("eth0", "10.0.0.1", "fd00::1", "..", "-x", 24, 1500, null), fc.ipV4(), fc.ipV6()],
    );
    const keys = ["name", "new_name", "address", "prefix", "mtu", "NAME", "<<", "__proto__"];
    const device = fc.dictionary(fc.constantFrom(...keys), word);
    const texts = fc.oneof(
      fc.array(device, { maxLength: 4 }).map((one) => JSON.stringify(one)),
      fc
        .array(
          fc.constantFrom(
            ...keys,
            "- ",
            ": ",
            "\n",
            "  ",
            "{",
            "}",
            "[",
            "]",
            "&a ",
            "*a",
            "eth1",
            "'",
            '"',
            "#",
          ),
          { maxLength: 40 },
        )
        .map((one) => one.join("")),
      fc.string({ unit: "binary", maxLength: 200 }),
    );
    const check = (text: string) => {
      try {
        for (const { name, podName, address, mtu } of read(text)) {
          expect(isInterfaceName(name) && isInterfaceName(podName)).toBe(true);
          expect(mtu === null || (mtu > 0 && mtu < 2 ** 31)).toBe(true);
          if (address)
            expect(address.local).toMatch(address.family === 4 ? /^[\d.]{7,15}$/ : /^[\da-fA-F:.]{2,45}$/);
        }
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        expect(error.message).toMatch(/^[\P{C}]{10,1200}$/u);
      }
    };
    fc.assert(fc.property(texts, check), { numRuns: howOften(500, 100_000) });
  });
});

describe("the operator's patterns", () => {
  it.each([
    ["*", "eth1", true],
    ["eth1", "eth1", true],
    ["eth1", "eth10", false],
    ["eth*", "eth10", true],
    ["*.5", "eth1.5", true],
    ["e*h*1", "eth1", true],
    ["ab*ba", "aba", false],
    ["a*b*c", "acb", false],
    ["", "eth1", false],
    ["eth?", "eth1", false],
    ["e.h1", "eth1", false],
  ])("%s and %s: %s", (pattern, name, fits) => {
    expect(matchesAny([pattern], name)).toBe(fits);
  });
});
