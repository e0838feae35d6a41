import { describe, expect, it } from "vitest";
import { readRecords } from "../../src/plugins/records.ts";

const read = (text: string) => readRecords(text, "thing", { name: "string", size: "uint64", mtu: "int" });
const empty = { name: "", size: 0n, mtu: 0n };
const PREFIX = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ";

describe("records", () => {
  it.each([
    ["", []],
    ["null", []],
    ["[]", []],
    ["- name: eth0\n  size: 1\n  mtu: -5", [{ name: "eth0", size: 1n, mtu: -5n }]],
    ["- {}\n- ~", [empty, empty]],
    ["- NAME: a\n  Size: 2\n  other: [x]", [{ ...empty, name: "a", size: 2n }]],
    ["- size: 1\n  Size: 2\n  SIZE: ~", [{ ...empty, size: 1n }]],
    ["- name: 5\n- name: yes\n- name: 1.5", [5, true, 1.5].map((name) => ({ ...empty, name: String(name) }))],
    ["- size: 18446744073709551615", [{ ...empty, size: 2n ** 64n - 1n }]],
    ["- size: 1e3", [{ ...empty, size: 1000n }]],
    ['[{"toString": 1, "__proto__": 2}]', [empty]],
  ])("of %j", (text, records) => {
    expect(read(text)).toEqual(records);
  });

  it.each([
    ["name: a", "object into Go value of type []main.thing"],
    ["text", "string into Go value of type []main.thing"],
    ["5", "number into Go value of type []main.thing"],
    ["- 5", "number into Go value of type main.thing"],
    ["- []", "array into Go value of type main.thing"],
    ["- name: []", "array into Go struct field thing.name of type string"],
    ["- size: x", "string into Go struct field thing.size of type uint64"],
    ["- size: '1'", "string into Go struct field thing.size of type uint64"],
    ["- size: -1", "number -1 into Go struct field thing.size of type uint64"],
    ["- size: 1.5", "number 1.5 into Go struct field thing.size of type uint64"],
    [
      "- size: 18446744073709551616",
      "number 18446744073709552000 into Go struct field thing.size of type uint64",
    ],
    ["- size: .inf", "number Infinity into Go struct field thing.size of type uint64"],
    ["- mtu: 9223372036854775808", "number 9223372036854775808 into Go struct field thing.mtu of type int"],
    ["- mtu: true", "bool into Go struct field thing.mtu of type int"],
  ])("are refused: %j", (text, seen) => {
    expect(() => read(text)).toThrow(new Error(PREFIX + seen));
  });
});
