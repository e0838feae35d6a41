import fc from "fast-check";
import { expect, test } from "vitest";
import type { ByteString } from "../../src/log/byte-string.ts";
import { LINE_TEXTS } from "../../src/log/line-texts.ts";
import type { PodEvent, PodFacts } from "../../src/log/pod-line.ts";
import { encodeNote, encodePodLine } from "../../src/observe/encode-lines.ts";
import { readSettings, type Settings } from "../../src/observe/observer-settings.ts";
import { plainName } from "../support/json-names.ts";
import { loggedPod } from "../support/pod-facts.ts";

const pod = { id: "c1", namespace: "n", name: "p", uid: "u", netns: "", ips: [], labels: {} };
const settings = (keys: Readonly<Record<string, unknown>>) => readSettings(keys).settings;
const json = settings({ logFormat: "json" });
const text = fc.string({ unit: "grapheme", maxLength: 12 });

/** A line as text. */
function decoded(line: ByteString): string {
  return Buffer.from(line, "latin1").toString();
}

function lineOf(event: PodEvent, facts: PodFacts, timeMs: number, how: Settings): string {
  return decoded(encodePodLine(event, loggedPod(facts), timeMs, how, LINE_TEXTS));
}

function noteOf(note: string, how: Settings): string {
  return decoded(encodeNote(note, 0, how, LINE_TEXTS));
}

test("any text can be read back from the bytes of a json line", () => {
  const labels = fc.dictionary(text.map(plainName), text, { maxKeys: 3 });
  const any = fc.record({ id: text, namespace: text, name: text, uid: text, netns: text, labels });
  fc.assert(
    fc.property(any, text, (facts, label) => {
      const plain = settings({ logFormat: "json", redact: false, label });
      const line = lineOf("RunPodSandbox", { ...pod, ...facts }, 0, plain);
      const { id, ...rest } = facts;
      const read = JSON.parse(line);
      expect(read).toMatchObject({ containerId: id, label });
      expect(read.pod).toMatchObject({ ...rest, labels: { ...facts.labels } });
      expect(line.indexOf("\n")).toBe(line.length - 1);
    }),
    { numRuns: 500 },
  );
});

test("the time has milliseconds, followed by zeros", () => {
  const line = (timeMs: number) => JSON.parse(lineOf("Vanished", pod, timeMs, json)).time;
  expect(line(1_700_000_000_007)).toBe("2023-11-14T22:13:20.007000Z");
  expect(line(-1)).toBe("1969-12-31T23:59:59.999000Z");
  expect(line(0)).toBe("1970-01-01T00:00:00.000000Z");
});

test("the length of a hidden value is counted in bytes", () => {
  const line = lineOf("RunPodSandbox", { ...pod, labels: { token: "ünï" } }, 0, json);
  expect(JSON.parse(line).pod.labels).toEqual({ token: "[redacted 5 bytes]" });
});

test("the classic format is the default, and its text is UTF-8", () => {
  const line = lineOf("StopPodSandbox", { ...pod, id: "ü,\n", name: "ü" }, 0, settings({}));
  expect(line).toBe(
    'NRI_EVENT=StopPodSandbox,CNI_CONTAINERID=ü\\x2C\\x0A,pod={"namespace":"n","name":"ü","uid":"u","netns":"","ips":[]}\n',
  );
});

test("a note has the format of the log", () => {
  expect(noteOf("so it is", settings({}))).toBe("so it is\n");
  expect(JSON.parse(noteOf("so it is", json))).toEqual({
    ...{ v: 1, time: "1970-01-01T00:00:00.000000Z", nri: null, containerId: null, note: "so it is" },
  });
});
