import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { redactConfig } from "../../src/conflist/redact-config.ts";
import { asByteString, encodeUtf8 } from "../../src/log/byte-string.ts";
import { LINE_TEXTS } from "../../src/log/line-texts.ts";
import { jsonPodLine } from "../../src/log/pod-line.ts";
import { redactArgs, redactText } from "../../src/log/redact.ts";
import { SECRET_RULES } from "../../src/log/secret-rules.ts";
import type { PodSandbox } from "../../src/nri/gen/api_pb.js";
import { MemoryPlugin, settle } from "../nri/support/memory-plugin.ts";
import { streams } from "../nri/support/streams.ts";
import { pods as reader, recordOf } from "../observe/support/records.ts";
import { readCaptures } from "../support/captures.ts";

/* Real configurations, calls and pods: nothing in them is a secret, but for one annotation. */

const ANNOTATION = /"example\.com\/token":"(?:[^"\\]|\\.)*"/g;

const directory = join(ROOT, "conflist-examples");
const examples = readdirSync(directory).filter((name) => /\.conf(?:list)?$/.test(name));

test.each(examples)("nothing is hidden in %s", (name) => {
  const text = asByteString(readFileSync(join(directory, name), "latin1"));
  expect(redactConfig(text)).toBe(text);
});

describe.each(readCaptures())("in the call $name", ({ env, stdin }) => {
  test("nothing is hidden in stdin but the annotation that is called token", () => {
    const shown = redactConfig(encodeUtf8(stdin));
    const planted = stdin.match(ANNOTATION) ?? [];
    expect(shown.match(/\[redacted \d+ bytes\]/g) ?? []).toHaveLength(planted.length);
    const open = encodeUtf8(stdin.replace(ANNOTATION, '"x":1'));
    expect(redactConfig(open)).toBe(open);
  });

  test("nothing is hidden in the variables", () => {
    const { CNI_ARGS = "", ...others } = env;
    expect(JSON.stringify(redactArgs(CNI_ARGS, SECRET_RULES))).not.toContain("[redacted ");
    for (const value of Object.values(others)) expect(redactText(value, SECRET_RULES)).toBe(value);
  });
});

test.each(streams)("nothing is hidden in the pods of the stream $name", async ({ toPlugin }) => {
  const pods: PodSandbox[] = [];
  const plugin = new MemoryPlugin({
    async synchronize(state) {
      pods.push(...(await state.collect()).pods);
    },
    runPodSandbox: (pod) => void pods.push(pod),
  });
  plugin.open();
  plugin.driver.receive(toPlugin);
  await settle();
  expect(pods.length).toBeGreaterThan(0);
  const details = { time: "1970-01-01T00:00:00.000000Z", label: null };
  for (const pod of pods) {
    const line = jsonPodLine("RunPodSandbox", reader.factsOf(recordOf(pod)), details, LINE_TEXTS, true);
    expect(line).toContain(`"name":"${pod.name}"`);
    expect(line).not.toContain("[redacted ");
    for (const [key, value] of Object.entries(pod.annotations))
      expect(redactText(`${key}=${value}`, SECRET_RULES)).toBe(`${key}=${value}`);
  }
});
