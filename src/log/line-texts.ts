import { asByteString } from "./byte-string.ts";
import type { LineTexts } from "./pod-line.ts";
import { SECRET_RULES } from "./secret-rules.ts";

const { isSecretKey, secretsIn } = SECRET_RULES;

/** What the native observer's host does, in TypeScript. */
export const LINE_TEXTS: LineTexts = {
  ...SECRET_RULES,
  anySecret: (texts, pairs) =>
    texts.some(
      (text, index) =>
        secretsIn(text) !== null || (index >= pairs && (index - pairs) % 2 === 0 && isSecretKey(text)),
    ),
  jsonText: (texts) =>
    asByteString(texts.map((text, index) => (index % 2 === 0 ? text : JSON.stringify(text))).join("")),
};
