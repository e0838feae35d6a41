import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { asByteString, type ByteString } from "../../src/log/byte-string.ts";
import { LINE_TEXTS } from "../../src/log/line-texts.ts";
import {
  classicPodLine,
  jsonPodLine,
  noteLine,
  type PodEvent,
  type PodFacts,
} from "../../src/log/pod-line.ts";
import { redactText } from "../../src/log/redact.ts";
import { isSecretKey } from "../../src/log/secret-keys.ts";
import { SECRET_RULES } from "../../src/log/secret-rules.ts";
import { plainName } from "../support/json-names.ts";
import { loggedBytes } from "../support/pod-facts.ts";

const EVENTS: readonly PodEvent[] = [
  "RunPodSandbox",
  "StopPodSandbox",
  "RemovePodSandbox",
  "Synchronize",
  "Vanished",
];
/** No ASCII control character except the line feed at the end. Bytes above ASCII are parts of UTF-8. */
const ONE_LINE = /^(?:(?!\p{Cc})[\0-\x7f]|[\x7f-\xff])*\n$/u;
const details = { time: "2023-11-14T22:13:20.123000Z", label: null };
const POD = loggedBytes({
  id: "9f75",
  namespace: "default",
  name: "web-0",
  uid: "f3ed",
  netns: "/var/run/netns/cni-1",
  ips: ["10.0.0.1", "fd00::1"],
  labels: { app: "web", "app.kubernetes.io/name": "x" },
});

/** Any bytes, one character each, often some that have a meaning in a line. */
const binary = fc
  .oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc
      .array(
        fc.constantFrom("\n", "\r", ",", '"', "\\", "\x1b[31m", "\0", "\x7f", "=", "{", "a", "\x80", "\xff"),
        {
          maxLength: 8,
        },
      )
      .map((parts) => parts.join("")),
    fc.constantFrom("eyJa.b.c", "x-----BEGIN RSA", "password", "__proto__", "constructor", ""),
  )
  .map(asByteString);
const anyPod: fc.Arbitrary<PodFacts<ByteString>> = fc.record({
  id: binary,
  namespace: binary,
  name: binary,
  uid: binary,
  netns: fc.option(binary),
  ips: fc.array(binary, { maxLength: 3 }),
  labels: fc
    .array(fc.tuple(binary.map(plainName), binary), { maxLength: 4 })
    .map((pairs) => Object.fromEntries(pairs)),
});
const anyEvent = fc.constantFrom(...EVENTS);

/** What a line must show of a text. */
function shown(text: string, redact: boolean): string {
  return redact ? redactText(text, SECRET_RULES) : text;
}

function shownPod({ namespace, name, uid, netns, ips }: PodFacts, redact: boolean) {
  const show = (text: string) => shown(text, redact);
  return {
    ...{ namespace: show(namespace), name: show(name), uid: show(uid) },
    ...{ netns: netns === null ? null : show(netns), ips: ips.map(show) },
  };
}

function shownLabels(labels: PodFacts["labels"], redact: boolean): [string, string][] {
  return Object.entries(labels).map(([key, value]) => {
    const hides = redact && isSecretKey(key);
    return [shown(key, redact), hides ? `[redacted ${value.length} bytes]` : shown(value, redact)];
  });
}

test("classicPodLine writes the classic format", () => {
  expect(classicPodLine("RunPodSandbox", POD, LINE_TEXTS, true)).toBe(
    'NRI_EVENT=RunPodSandbox,CNI_CONTAINERID=9f75,pod={"namespace":"default","name":"web-0","uid":"f3ed",' +
      '"netns":"/var/run/netns/cni-1","ips":["10.0.0.1","fd00::1"]}\n',
  );
});

test("jsonPodLine writes the json format, with the label before the pod", () => {
  const pod =
    '"pod":{"namespace":"default","name":"web-0","uid":"f3ed","netns":null,"ips":[],"labels":{"app":"web"}}}\n';
  const head = '{"v":1,"time":"2023-11-14T22:13:20.123000Z","nri":"Vanished","containerId":"9f75",';
  const facts = loggedBytes({ ...POD, netns: null, ips: [], labels: { app: "web" } });
  expect(jsonPodLine("Vanished", facts, details, LINE_TEXTS, true)).toBe(head + pod);
  expect(
    jsonPodLine("Vanished", facts, { ...details, label: asByteString("node-1") }, LINE_TEXTS, true),
  ).toBe(`${head}"label":"node-1",${pod}`);
});

test.each([true, false])(
  "a classic line of any pod is one line and can be read back, redacted: %s",
  (redact) => {
    fc.assert(
      fc.property(anyEvent, anyPod, (event, pod) => {
        const line = classicPodLine(event, loggedBytes(pod), LINE_TEXTS, redact);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(line).toMatch(ONE_LINE);
        const [, nri, id = "", facts = ""] =
          /^NRI_EVENT=(\w+),CNI_CONTAINERID=([^,]*),pod=(\{.*\})\n$/s.exec(line) ?? [];
        expect(nri).toBe(event);
        const read = id.replace(/\\x([0-9A-F]{2})/g, (_, hex) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        expect(read).toBe(shown(pod.id, redact));
        expect(JSON.parse(facts)).toEqual(shownPod(pod, redact));
      }),
      { numRuns: 1_000 },
    );
  },
);

test.each([true, false])(
  "a json line of any pod is one line and can be read back, redacted: %s",
  (redact) => {
    fc.assert(
      fc.property(anyEvent, anyPod, fc.option(binary), (event, pod, label) => {
        const line = jsonPodLine(event, loggedBytes(pod), { ...details, label }, LINE_TEXTS, redact);
        expect(line).toMatch(ONE_LINE);
        const read = JSON.parse(line);
        const names = ["v", "time", "nri", "containerId", ...(label === null ? [] : ["label"]), "pod"];
        expect(Object.keys(read)).toEqual(names);
        expect(read).toMatchObject({ v: 1, nri: event, containerId: shown(pod.id, redact) });
        if (label !== null) expect(read.label).toBe(shown(label, redact));
        const { labels, ...facts } = read.pod;
        expect(facts).toEqual(shownPod(pod, redact));
        // Two hidden keys of the same length become one.
        const entries = new Map(shownLabels(pod.labels, redact));
        expect(new Map(Object.entries(labels))).toEqual(entries);
      }),
      { numRuns: 1_000 },
    );
  },
);

describe("a secret", () => {
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
  const hidden = `[redacted ${jwt.length} bytes]`;

  it("is hidden in every field, with its length in bytes", () => {
    const pod = loggedBytes({
      ...{ id: jwt, namespace: jwt, name: jwt, uid: jwt, netns: jwt, ips: [jwt] },
      labels: { plain: jwt, [jwt]: "v", apiToken: "h\xc3\xa9", tokenName: "n" },
    });
    const line = jsonPodLine(
      "RunPodSandbox",
      pod,
      { ...details, label: asByteString(jwt) },
      LINE_TEXTS,
      true,
    );
    expect(line).not.toContain("eyJ");
    expect(JSON.parse(line)).toMatchObject({
      ...{ containerId: hidden, label: hidden },
      pod: {
        ...{ namespace: hidden, name: hidden, uid: hidden, netns: hidden, ips: [hidden] },
        labels: {
          plain: hidden,
          [hidden]: "v",
          apiToken: "[redacted 3 bytes]",
          tokenName: "n",
        },
      },
    });
    expect(classicPodLine("RunPodSandbox", pod, LINE_TEXTS, true)).not.toContain("eyJ");
    expect(classicPodLine("RunPodSandbox", pod, LINE_TEXTS, true)).toContain(
      `CNI_CONTAINERID=[redacted\\x20${jwt.length}\\x20bytes],`,
    );
  });

  it("is shown if redact is false", () => {
    const pod = loggedBytes({ ...POD, id: jwt, labels: { token: jwt } });
    expect(classicPodLine("RunPodSandbox", pod, LINE_TEXTS, false)).toContain(`CNI_CONTAINERID=${jwt},`);
    expect(JSON.parse(jsonPodLine("RunPodSandbox", pod, details, LINE_TEXTS, false)).pod.labels).toEqual({
      token: jwt,
    });
  });
});

test("noteLine writes a note as one line in both formats", () => {
  expect(noteLine(asByteString('a "note"'), "classic", details, LINE_TEXTS)).toBe('a "note"\n');
  expect(
    noteLine(asByteString('a "note"'), "json", { ...details, label: asByteString("l") }, LINE_TEXTS),
  ).toBe(
    '{"v":1,"time":"2023-11-14T22:13:20.123000Z","nri":null,"containerId":null,"label":"l","note":"a \\"note\\""}\n',
  );
});

test("noteLine hides a label that holds a secret", () => {
  const label = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
  expect(
    JSON.parse(noteLine(asByteString("n"), "json", { ...details, label: asByteString(label) }, LINE_TEXTS)),
  ).toMatchObject({
    label: `[redacted ${label.length} bytes]`,
    note: "n",
  });
});
