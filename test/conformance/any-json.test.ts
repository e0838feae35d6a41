import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonText, stringText } from "../support/json-text.ts";
import { classicLine, escapeControls, readJsonLine } from "../support/log-lines.ts";
import { type Role, roles, runTap } from "../support/run-tap.ts";
import { makeScratch, type Scratch, splitLines } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const runs = { numRuns: 150 };

function onOneLine(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

/** Makes an ADD in a directory of its own. Returns its reply and the one line that it logged. */
async function addOnce(
  role: Role,
  text: (scratch: Scratch) => string,
): Promise<{ stdin: string; reply: string; line: string }> {
  const scratch = makeScratch();
  try {
    const stdin = text(scratch);
    const run = await runTap({ role, env: add, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const lines = splitLines(scratch.log());
    expect(lines).toHaveLength(1);
    return { stdin, reply: run.stdout.toString(), line: lines[0] ?? "" };
  } finally {
    scratch.remove();
  }
}

for (const role of roles) {
  test(`cni_${role} returns any prevResult byte for byte, and logs the same text`, async () => {
    await fc.assert(
      fc.asyncProperty(jsonText, jsonText, fc.boolean(), async (prev, other, json) => {
        fc.pre(prev !== "null");
        const body = `{"other":${other},"cniVersion":"1.0.0",\n"prevResult": ${prev} ,"x":0}`;
        const more = { redact: false, ...(json ? { logFormat: "json" } : {}) };
        const { stdin, reply, line } = await addOnce(role, (scratch) => stanza(scratch, body, more));
        expect(reply).toBe(prev);
        const name = role === "pre" ? "input" : "output";
        const text = onOneLine(role === "pre" ? stdin : prev);
        if (json) expect(readJsonLine(line).payload).toEqual({ name, text: escapeControls(text) });
        else expect(line).toBe(classicLine("ADD", "c1", name, text));
        expect(JSON.parse(text)).toEqual(JSON.parse(role === "pre" ? stdin : prev));
      }),
      runs,
    );
  });

  test(`cni_${role} hides any secret in a line that stays JSON, and returns it in the reply`, async () => {
    const key = fc.constantFrom("password", "api_key", "Client-Key", "K8S.TOKEN", "xSecretx", "tok\\u0065n");
    const marker = "hunter2-marker";
    const secret = fc.oneof(
      stringText.map((text) => `${text.slice(0, -1)}${marker}"`),
      jsonText.map((text) => `[${text},"${marker}"]`),
      jsonText.map((text) => `{"${marker}":${text}}`),
    );
    await fc.assert(
      fc.asyncProperty(key, secret, jsonText, async (name, value, other) => {
        const prev = `{"a":[{"${name}" : ${value}}],"b":${other}}`;
        const body = `{"cniVersion":"1.0.0","prevResult":${prev}}`;
        const { reply, line } = await addOnce(role, (scratch) =>
          stanza(scratch, body, { logFormat: "json" }),
        );
        expect(reply).toBe(prev);
        expect(line).not.toContain(marker);
        const { payload } = readJsonLine(line);
        const shown = `{"a":[{"${name}" : "[redacted ${Buffer.byteLength(value)} bytes]"}],"b":${onOneLine(other)}}`;
        expect(payload.text).toContain(escapeControls(shown));
      }),
      runs,
    );
  });
}
