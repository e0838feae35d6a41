import fc from "fast-check";
import { expect, test } from "vitest";
import { redactConfig } from "../../src/conflist/redact-config.ts";
import { asByteString } from "../../src/log/byte-string.ts";
import { jsonText } from "./support.ts";

const redact = (text: string) => redactConfig(asByteString(text));

test("redactConfig hides values of secret keys and strings that look like secrets, and nothing else", () => {
  const text = `{
  "k8s_auth_token": "abc", "nested": [{"etcd_key": {"a": 1}, "tokenFile": "/x"}],
  "x": "eyJa.b.c", "-----BEGIN X": 1
}`;
  expect(redact(text)).toBe(`{
  "k8s_auth_token": "[redacted 5 bytes]", "nested": [{"etcd_key": "[redacted 8 bytes]", "tokenFile": "/x"}],
  "x": "[redacted 10 bytes]", "[redacted 14 bytes]": 1
}`);
});

test("redactConfig returns valid JSON, unchanged if nothing is secret", () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      expect(() => JSON.parse(redact(text))).not.toThrow();
      expect(redact(`{"a":${text}}`).length).toBeGreaterThan(0);
      if (!/token|secret|password|BEGIN|eyJ/i.test(text)) expect(redact(text)).toBe(text);
    }),
    { numRuns: 500 },
  );
});
