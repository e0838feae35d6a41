import { type ByteString, encodeUtf8 } from "../../src/log/byte-string.ts";
import type { PodFacts } from "../../src/log/pod-line.ts";

/** Facts about a pod as lines are made of them. */
export function factsInBytes({
  id,
  namespace,
  name,
  uid,
  netns,
  ips,
  labels,
}: PodFacts): PodFacts<ByteString> {
  const pairs = Object.entries(labels).map(([key, value]) => [encodeUtf8(key), encodeUtf8(value)]);
  return {
    ...{ id: encodeUtf8(id), namespace: encodeUtf8(namespace), name: encodeUtf8(name), uid: encodeUtf8(uid) },
    ...{ netns: netns === null ? null : encodeUtf8(netns), ips: ips.map(encodeUtf8) },
    labels: Object.fromEntries(pairs),
  };
}
