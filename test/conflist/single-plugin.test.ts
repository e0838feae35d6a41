import { describe, expect, test } from "vitest";
import { ConflistError } from "../../src/conflist/conflist-error.ts";
import { readNetwork } from "../../src/conflist/network.ts";
import { isListFromSingle, listFileName, listFromSingle } from "../../src/conflist/single-plugin.ts";
import { asByteString } from "../../src/log/byte-string.ts";

const single = (file: string, name = "net") =>
  readNetwork(file, asByteString(`{"cniVersion":"0.4.0","name":"${name}","type":"x"}`));

describe("listFileName gives a name that is read just before the single plugin's", () => {
  test.each([
    ["10-ovn.conf", [], "10-cni-tap-net.conflist"],
    ["10-aws.conf", [], "09-cni-tap-net.conflist"],
    ["100-a.conf", [], "099-cni-tap-net.conflist"],
    ["00-a.conf", [], "0-cni-tap-net.conflist"],
    ["ovn.conf", [], "-cni-tap-net.conflist"],
    ["10-ovn.conf", ["10-cni-tap-zzz.conflist"], "10-cni-tap-net.conflist"], // a list of cnitap does not count
    ["10-ovn.conf", ["05-a.conf", "10-b.conf", "20-z.conf"], "10-cni-tap-net.conflist"],
  ])("%s beside %j", (file, others, expected) => {
    const name = listFileName(single(file), [file, ...others]);
    expect(name).toBe(expected);
    expect(isListFromSingle(name)).toBe(true);
    expect(name < file).toBe(true);
  });

  test("throws if there is no such name", () => {
    expect(() => listFileName(single("10-aws.conf"), ["10-aws.conf", "10-a.conf"])).toThrow(ConflistError);
  });
});

test("listFromSingle keeps a plugin on one line byte for byte", () => {
  const text = '{"cniVersion":"0.4.0","name":"net","type":"x","big":12345678901234567890,"name2":"\xff"}';
  const list = listFromSingle(readNetwork("10.conf", asByteString(text)));
  expect(list).toContain(`\n    ${text}\n`);
  expect(readNetwork("10.conflist", list)).toMatchObject({ name: "net", cniVersion: "0.4.0", kind: "list" });
});

test("listFromSingle replaces all kinds of line ends by the list's, with its indentation", () => {
  const text = '{\r\n"name":"net",\r"type":"x",\n"a":"\\r"}';
  expect(listFromSingle(readNetwork("10.conf", asByteString(text)))).toBe(
    '{\n  "name": "net",\n  "plugins": [\n    {\n    "name":"net",\n    "type":"x",\n    "a":"\\r"}\n  ]\n}\n',
  );
});

test("listFromSingle refuses a plugin without a name", () => {
  expect(() => listFromSingle(readNetwork("10.conf", asByteString('{"type":"x"}')))).toThrow(
    "it has no name",
  );
});
