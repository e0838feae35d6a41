import { describe, expect, test } from "vitest";
import { addressKey, bare, isOwn } from "../../src/story/address.ts";
import { Roster } from "../../src/story/roster.ts";
import { Rows } from "../../src/story/rows.ts";
import { hashOf, Names, Texts } from "../../src/story/texts.ts";

test("a roster gives back who was added, whatever the names are", () => {
  const names = [null, "", "web-0", "\0\xff", "\u4e2d", "x".repeat(255), "x".repeat(256), "x".repeat(70_000)];
  const all = names.flatMap((name) =>
    names.map((namespace) => ({ containerId: `c${name}`, namespace, name })),
  );
  const roster = new Roster();
  const numbers = all.map((who) => [roster.add(who), roster.add(who)]);
  expect(numbers.map(([one]) => roster.get(one ?? -1))).toEqual(all);
  expect(numbers.every(([one, again]) => one === again)).toBe(true);
});

test("texts fill one chunk after another", () => {
  const texts = new Texts();
  const places = Array.from({ length: 5000 }, (_, n) => texts.add(`${n}`.repeat(9)));
  places.forEach((place, n) => {
    expect(texts.get(place)).toBe(`${n}`.repeat(9));
  });
});

test("names are numbered once", () => {
  const names = new Names();
  expect(["net", null, "", "net", null].map((name) => names.numberOf(name))).toEqual([0, 1, 2, 0, 1]);
  expect([0, 1, 2, 3].map((number) => names.nameOf(number))).toEqual(["net", null, "", null]);
});

describe("rows", () => {
  test("are sorted by a column, the older of equal ones first", () => {
    const rows = new Rows(2);
    for (let n = 0; n < 10_000; n++) rows.add([n % 3, n]);
    const order = [...rows.sortedBy(0)].map((row) => rows.get(row, 1));
    expect(order.slice(0, 3)).toEqual([0, 3, 6]);
    expect(order.slice(-3)).toEqual([9992, 9995, 9998]);
  });

  test("that have the same number are found together, those with the oldest row first", () => {
    const rows = new Rows(1);
    for (const number of [9, 5, 7, 5, 9, 9, 8]) rows.add([number]);
    expect(rows.findAmongSame(0, (same) => [[...same]])).toEqual([
      [0, 4, 5],
      [1, 3],
    ]);
    expect(new Rows(1).findAmongSame(0, () => [1])).toEqual([]);
  });
});

test("texts that are the same have the same hash, and others hardly ever", () => {
  const hashes = new Set(Array.from({ length: 10_000 }, (_, n) => hashOf(`10.1.${n >> 8}.${n & 255}`)));
  expect(hashes.size).toBeGreaterThan(9990);
  expect(hashOf("web-0", 7)).toBe(hashOf("web-0", 7));
});

describe("an address", () => {
  test.each<[string, string]>([
    ["10.1.2.3/24", "10.1.2.3"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["010.01.2.3", "10.1.2.3"],
    ["255.255.255.255", "255.255.255.255"],
    ["0.0.0.0/0", "0.0.0.0"],
    ["fd00:0::1/64", addressKey("fd00::1")],
    ...["10.1.2.3/33", "10.1.2.3/", "10.1.2.3/x", "10.1.2", "10.1.2.3.4", "10.1.2.256", "1..2.3", ""].map(
      (text): [string, string] => [text, text],
    ),
  ])("%s is the same as %s", (text, same) => expect(addressKey(text)).toBe(same));

  test.each(["127.0.0.1/8", "169.254.1.1", "::1", "fe80::1/64", "::ffff:127.0.0.1", "no address", "1.2.3/8"])(
    "%s is not a pod's own",
    (text) => expect(isOwn(text)).toBe(false),
  );

  test.each(["10.1.2.3/24", "128.0.0.1", "169.253.1.1", "fd00::1"])("%s is", (text) =>
    expect(isOwn(text)).toBe(true),
  );

  test("loses its prefix length, if it has one", () => {
    expect(["10.1.2.3/24", "fd00::1/64", "10.1.2.3/", "a/b/1", "x"].map(bare)).toEqual([
      ...["10.1.2.3", "fd00::1", "10.1.2.3/", "a/b", "x"],
    ]);
  });
});
