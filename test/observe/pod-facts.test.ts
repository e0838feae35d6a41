import { expect, it } from "vitest";
import { sizeOfPod } from "../../src/observe/pod-facts.ts";

const bare = { id: "", namespace: "", name: "", uid: "", netns: "", ips: [], labels: {} };
const long = "x".repeat(1000);

it.each([
  ["id", { id: long }],
  ["namespace", { namespace: long }],
  ["name", { name: long }],
  ["uid", { uid: long }],
  ["netns", { netns: long }],
  ["ips", { ips: [long.slice(400), long.slice(600)] }],
  ["labels, keys and values", { labels: { [long.slice(700)]: long.slice(600), k: long.slice(701) } }],
])("the size of a pod counts its %s", (_, facts) => {
  expect(sizeOfPod({ ...bare, ...facts }) - sizeOfPod(bare)).toBe(1000);
});

it("the size of a pod without any text is not 0, with or without a netns", () => {
  expect(sizeOfPod(bare)).toBeGreaterThan(0);
  expect(sizeOfPod({ ...bare, netns: null })).toBe(sizeOfPod(bare));
});
