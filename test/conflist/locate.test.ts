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

describe("locate", () => {
  test.each([
    [
      "takes the first file by its bytes",
      { "a.conf": single("a"), "Z.conflist": list("z"), "10.json": single("t") },
      ["10.json", "10.json"],
    ],
    [
      "sorts upper case before lower case",
      { "a.conf": single("a"), "Z.conflist": list("z") },
      ["Z.conflist", "Z.conflist"],
    ],
    [
      "takes a dot-file like any other",
      { ".x.conf": single("x"), "a.conf": single("a") },
      [".x.conf", ".x.conf"],
    ],
    [
      "takes no file with another ending",
      { "a.conf.bak": single("a"), "b.conflist~": list("b"), "c.json": single("c") },
      ["c.json", "c.json"],
    ],
    [
      "takes none for containerd if the first is broken",
      { "a.conf": "{", "b.conf": single("b") },
      [null, "b.conf"],
    ],
    [
      "takes the first although the second is broken",
      { "a.conf": single("a"), "b.conf": "{" },
      ["a.conf", "a.conf"],
    ],
    ["treats an unreadable file as broken", { "a.conf": null, "b.conf": single("b") }, [null, "b.conf"]],
    [
      "treats a list in a .conf as broken",
      { "a.conf": list("a"), "b.conflist": list("b") },
      [null, "b.conflist"],
    ],
    [
      "treats a list without plugins as broken",
      { "a.conflist": '{"name":"a","plugins":[]}', "b.conflist": list("b") },
      [null, "b.conflist"],
    ],
    ["treats a list without a name as broken", { "a.conflist": '{"plugins":[{"type":"x"}]}' }, [null, null]],
    [
      "treats a plugin without a type as broken",
      { "a.conflist": '{"name":"a","plugins":[{}]}' },
      [null, null],
    ],
    ["takes nothing if there are no files", {}, [null, null]],
  ])("%s", (_, files, expected) => {
    expect(chosen(files)).toEqual(expected);
  });

  test("reads as many files for containerd as maxConfNum says", () => {
    const files = { "a.conf": single("a"), "b.conf": single("b"), "c.conf": "{" };
    expect(chosen(files, 2)).toEqual(["a.conf", "a.conf"]);
    expect(chosen(files, 3)).toEqual([null, "a.conf"]);
    expect(chosen(files, 0)).toEqual([null, "a.conf"]);
  });

  test("takes a list that has only drop-ins, unless loadOnlyInlinedPlugins is true", () => {
    const files = [{ file: "a.conflist", text: asByteString('{"name":"a"}') }];
    const dropIns = [{ network: "a", file: "1.conf", text: asByteString('{"type":"x"}') }];
    expect(locate(files, dropIns).goCni?.name).toBe("a");
    const text = asByteString('{"name":"a","loadOnlyInlinedPlugins":true,"plugins":[]}');
    const closed = [{ file: "a.conflist", text }];
    expect(locate(closed, dropIns).goCni).toBeNull();
  });

  test("does not count a drop-in of another network as a plugin of a list", () => {
    const files = [{ file: "a.conflist", text: asByteString('{"name":"a"}') }];
    const dropIns = [{ network: "b", file: "1.conf", text: asByteString('{"type":"x"}') }];
    expect(locate(files, dropIns).candidates[0]?.error?.message).toBe("it has no plugins");
  });

  test.each([true, "true"])(
    "takes no drop-in if loadOnlyInlinedPlugins is %j, but takes it for other values",
    (value) => {
      const text = (inline: unknown) =>
        asByteString(JSON.stringify({ name: "a", loadOnlyInlinedPlugins: inline }));
      const dropIns = [{ network: "a", file: "1.conf", text: asByteString('{"type":"x"}') }];
      const found = (inline: unknown) => locate([{ file: "a.conflist", text: text(inline) }], dropIns).goCni;
      expect(found(value)).toBeNull();
      for (const other of [false, "false", 1, "yes", null]) expect(found(other)?.name).toBe("a");
    },
  );

  test("reads a .conf with a type as one plugin, whatever else is in it", () => {
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
  ])("refuses %s with %s and gives the reason", (file, text, message) => {
    expect(locate([{ file, text: asByteString(text) }]).candidates[0]?.error).toMatchObject({
      code: "invalid",
      message,
    });
  });

  test("ignores the files that cnitap leaves behind", () => {
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
