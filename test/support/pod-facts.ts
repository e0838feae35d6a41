import { type ByteString, decodeUtf8, encodeUtf8 } from "../../src/log/byte-string.ts";
import type { LoggedPod, PodFacts } from "../../src/log/pod-line.ts";

/** A pod as lines are made of it. */
export function loggedPod(pod: PodFacts): LoggedPod {
  return mapped(pod, encodeUtf8);
}

/** A pod whose texts are byte strings already. */
export function loggedBytes(pod: PodFacts): LoggedPod {
  return mapped(pod, (text) => text as ByteString);
}

function mapped(
  { id, namespace, name, uid, netns, ips, labels }: PodFacts,
  encode: (text: string) => ByteString,
): LoggedPod {
  return {
    ...{ id: encode(id), namespace: encode(namespace), name: encode(name), uid: encode(uid) },
    ...{ netns: netns === null ? null : encode(netns), ips: ips.map(encode) },
    labels: Object.entries(labels).flat().map(encode),
  };
}

/** The facts of a pod as texts. */
export function factsOfLogged({ id, namespace, name, uid, netns, ips, labels }: LoggedPod): PodFacts {
  const pairs: [string, string][] = [];
  for (let i = 0; i < labels.length; i += 2)
    pairs.push([decodeUtf8(labels[i] ?? NONE), decodeUtf8(labels[i + 1] ?? NONE)]);
  return {
    ...{ id: decodeUtf8(id), namespace: decodeUtf8(namespace), name: decodeUtf8(name), uid: decodeUtf8(uid) },
    ...{ netns: netns === null ? null : decodeUtf8(netns), ips: ips.map(decodeUtf8) },
    labels: Object.fromEntries(pairs),
  };
}

const NONE = encodeUtf8("");
