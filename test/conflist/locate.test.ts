import { describe, expect, test } from "vitest";
import { isRead, locate } from "../../src/conflist/locate.ts";
import { asByteString } from "../../src/log/byte-string.ts";

const list = (name: string) => asByteString(`{"name":"${name}","plugins":[{"type":"x"}]}`);
const single = (name: string) => asByteString(`{"name":"${name}","type":"x"}`);

function chosen(
  files: Readonly<Record<string, string | null>>,
  maxConfNum?: number,
): [string | null, string | null] {
  const all = Object.entries(files).map(([file, text]) => ({
    file,
    text: text === null ? null : asByteString(text),
  }));
  const { goCni, ocicni } = locate(all, [], maxConfNum);
  return [goCni?.file ?? null, ocicni?.file ?? null];
}

describe("what containerd and CRI-O take", () => {
  test.each([
    [
      "the first by its bytes, not as people sort",
      { "a.conf": single("a"), "Z.conflist": list("z"), "10.json": single("t") },
      ["10.json", "10.json"],
    ],
    [
      "upper case before lower",
      { "a.conf": single("a"), "Z.conflist": list("z") },
      ["Z.conflist", "Z.conflist"],
    ],
    ["a dot-file like any other", { ".x.conf": single("x"), "a.conf": single("a") }, [".x.conf", ".x.conf"]],
    [
      "no other endings",
      { "a.conf.bak": single("a"), "b.conflist~": list("b"), "c.json": single("c") },
      ["c.json", "c.json"],
    ],
    [
      "none for containerd where the first is broken",
      { "a.conf": "{", "b.conf": single("b") },
      [null, "b.conf"],
    ],
    [
      "a broken second one is not read by containerd",
      { "a.conf": single("a"), "b.conf": "{" },
      ["a.conf", "a.conf"],
    ],
    ["a file that cannot be read is broken", { "a.conf": null, "b.conf": single("b") }, [null, "b.conf"]],
    ["a list in a .conf is broken", { "a.conf": list("a"), "b.conflist": list("b") }, [null, "b.conflist"]],
    [
      "a list without plugins is broken",
      { "a.conflist": '{"name":"a","plugins":[]}', "b.conflist": list("b") },
      [null, "b.conflist"],
    ],
    ["a list without a name too", { "a.conflist": '{"plugins":[{"type":"x"}]}' }, [null, null]],
    ["a plugin without a type too", { "a.conflist": '{"name":"a","plugins":[{}]}' }, [null, null]],
    ["nothing where there is nothing", {}, [null, null]],
  ])("%s", (_, files, expected) => {
    expect(chosen(files)).toEqual(expected);
  });

  test("with more than one file attached, containerd reads as many", () => {
    const files = { "a.conf": single("a"), "b.conf": single("b"), "c.conf": "{" };
    expect(chosen(files, 2)).toEqual(["a.conf", "a.conf"]);
    expect(chosen(files, 3)).toEqual([null, "a.conf"]);
    expect(chosen(files, 0)).toEqual([null, "a.conf"]);
  });

  test("a list with drop-ins alone is a network, unless it wants none", () => {
    const files = [{ file: "a.conflist", text: asByteString('{"name":"a"}') }];
    const dropIns = [{ network: "a", file: "1.conf", text: asByteString('{"type":"x"}') }];
    expect(locate(files, dropIns).goCni?.name).toBe("a");
    const text = asByteString('{"name":"a","loadOnlyInlinedPlugins":true,"plugins":[]}');
    const closed = [{ file: "a.conflist", text }];
    expect(locate(closed, dropIns).goCni).toBeNull();
  });

  test("a drop-in of another network makes no list one", () => {
    const files = [{ file: "a.conflist", text: asByteString('{"name":"a"}') }];
    const dropIns = [{ network: "b", file: "1.conf", text: asByteString('{"type":"x"}') }];
    expect(locate(files, dropIns).candidates[0]?.error?.message).toBe("it has no plugins");
  });

  test.each([true, "true"])("loadOnlyInlinedPlugins may be %j, and nothing else", (value) => {
    const text = (inline: unknown) =>
      asByteString(JSON.stringify({ name: "a", loadOnlyInlinedPlugins: inline }));
    const dropIns = [{ network: "a", file: "1.conf", text: asByteString('{"type":"x"}') }];
    const found = (inline: unknown) => locate([{ file: "a.conflist", text: text(inline) }], dropIns).goCni;
    expect(found(value)).toBeNull();
    for (const other of [false, "false", 1, "yes", null]) expect(found(other)?.name).toBe("a");
  });

  test("a .conf with a type is one plugin, whatever else is in it", () => {
    const text = asByteString('{"name":"a","type":"x","plugins":[{"type":"y"}]}');
    const { goCni } = locate([{ file: "a.conf", text }]);
    expect(goCni).toMatchObject({ kind: "single", plugins: [{ type: "x" }] });
  });

  test.each([
    ["a.conflist", '{"name":"a","plugins":{"type":"x"}}', "its plugins are not an array"],
    ["a.conflist", '{"name":"a","plugins":[5]}', "plugin 1 is not a JSON object"],
    ["a.conflist", '{"name":"a","plugins":[{"type":"x"},{"type":""}]}', "plugin 2 has no type"],
    ["a.conflist", '{"name":5,"plugins":[]}', "its name is not a string"],
    ["a.conf", '{"name":"a","type":null}', "its type is not a string"],
    ["a.conf", "[]", "it is not a JSON object"],
  ])("%s with %s is refused with the reason", (file, text, message) => {
    expect(locate([{ file, text: asByteString(text) }]).candidates[0]?.error).toMatchObject({
      code: "invalid",
      message,
    });
  });

  test("the names that cnitap leaves behind are read by none", () => {
    for (const name of [
      ".10-a.conflist.cni-tap-bak",
      ".10-a.conflist.cni-tap-tmp",
      ".cni-tap.lock",
      ".cni-tap.lock-owner",
    ]) {
      expect(isRead(name), name).toBe(false);
    }
  });
});
