import { expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

/** Texts that are not one JSON object, and the byte (from 0) of the error where only one is possible. */
const bad: readonly (readonly [what: string, stdin: string | Uint8Array, at?: number])[] = [
  ["nothing", "", 0],
  ["only white space", " \r\n\t"],
  ["a byte order mark", "\ufeff{}", 0],
  ["a UTF-16 text", Buffer.from('{"a":1}', "utf16le")],
  ["an array", "[{}]", 0],
  ["a string", '"secret-text"', 0],
  ["a number", "1", 0],
  ["null", "null", 0],
  ["words", "hello there", 0],
  ["an object cut short", '{"a":{"b":1}', 12],
  ["a string cut short", '{"a":"secret-text'],
  ["an escape cut short", '{"a":"\\u12'],
  ["a literal cut short", '{"a":tru'],
  ["two objects", "{}{}", 2],
  ["text after the object", "{} x", 3],
  ["a NUL byte after the object", "{}\0", 2],
  ["an extra comma in an object", '{"a":1,}', 7],
  ["an extra comma in an array", '{"a":[1,]}', 8],
  ["no comma", '{"a":1 "b":2}', 7],
  ["no colon", '{"a" 1}', 5],
  ["no value", '{"a":}', 5],
  ["a key without quotes", "{a:1}", 1],
  ["a number for a key", "{1:1}", 1],
  ["single quotes", "{'a':1}", 1],
  ["a comment", "{/*x*/}", 1],
  ["the wrong bracket", '{"a":[1}', 7],
  ["an unknown escape", '{"a":"\\x41"}'],
  ["a \\u escape without four digits", '{"a":"\\u12g4"}'],
  ["a line feed in a string", '{"a":"x\ny"}'],
  ["a tab in a string", '{"a":"x\ty"}'],
  ["a NUL byte in a string", '{"a":"x\0y"}'],
  ["a control character in a key", '{"a\x1f":1}'],
  ["a form feed between tokens", '{\f"a":1}', 1],
  ["a no-break space between tokens", '{\u00a0"a":1}', 1],
  ["a leading zero", '{"a":01}'],
  ["a leading zero in a negative number", '{"a":-01}'],
  ["a plus sign", '{"a":+1}', 5],
  ["a minus sign without digits", '{"a":-}'],
  ["a point without digits after it", '{"a":1.}'],
  ["a point without digits before it", '{"a":.5}', 5],
  ["an exponent without digits", '{"a":1e}'],
  ["a hexadecimal number", '{"a":0x10}'],
  ["NaN", '{"a":NaN}', 5],
  ["Infinity", '{"a":Infinity}', 5],
  ["a literal in capitals", '{"a":True}', 5],
  ["a literal with text after it", '{"a":nullx}'],
  ["undefined", '{"a":undefined}', 5],
  ["10,001 levels", `{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
];

const note =
  /^stdin is not JSON: (?<reason>.+) at byte (?<at>\d+),CNI_COMMAND=(?<command>\w+),CNI_CONTAINERID=c1$/;

describeOnPrivateMachine("stdin that is not one JSON object", () => {
  for (const role of roles) {
    for (const [what, stdin, at] of bad) {
      test(`cni_${role} refuses an ADD and a CHECK with ${what}, accepts a DEL, and logs a note about each`, async () => {
        const { scratch, run } = usePrivateMachine();
        for (const command of ["ADD", "CHECK", "DEL"]) {
          const { code, stdout } = await run({
            role,
            env: { CNI_COMMAND: command, CNI_CONTAINERID: "c1" },
            stdin,
          });
          expect(code).toBe(command === "DEL" ? 0 : 1);
          if (command === "DEL") expect(stdout.toString()).toBe("");
          else expectErrorObject(stdout, 6);
        }
        const found = scratch.lines().map((line) => note.exec(line)?.groups ?? { line });
        expect(found.map(({ command }) => command)).toEqual(["ADD", "CHECK", "DEL"]);
        expect(scratch.log().includes("secret-text")).toBe(false);
        if (at !== undefined) expect(found[0]).toMatchObject({ at: `${at}` });
      });
    }

    test(`cni_${role} notes bad stdin in the default file and the classic format, whatever the stanza says`, async () => {
      const { scratch, run } = usePrivateMachine();
      const stdin = '{"logFile":"/tmp/other.log","logFormat":"json","x":';
      await run({ role, env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" }, stdin });
      expect(scratch.names("tmp")).toEqual(["cni.log"]);
      expect(scratch.lines()).toEqual([expect.stringMatching(note)]);
    });

    test(`cni_${role} escapes the container ID in the note about bad stdin`, async () => {
      const { scratch, run } = usePrivateMachine();
      const { code } = await run({
        role,
        env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "a,b\nc d\\" },
        stdin: "x",
      });
      expect(code).toBe(1);
      expect(scratch.lines()).toHaveLength(1);
      expect(scratch.lines()[0]).toMatch(/,CNI_COMMAND=ADD,CNI_CONTAINERID=a\\x2cb\\x0ac\\x20d\\x5c$/i);
    });

    test(`cni_${role} hides a JWT in the note about bad stdin`, async () => {
      const { scratch, run } = usePrivateMachine();
      const id = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0In0.bm90LWEtcmVhbC1zaWduYXR1cmU";
      await run({ role, env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: id }, stdin: `{"a":"${id}"` });
      expect(scratch.lines()).toEqual([expect.stringMatching(/^stdin is not JSON: .*redacted/)]);
      expect(scratch.log().toString()).not.toContain("eyJ");
    });

    for (const command of ["GC", "STATUS", "FUTURE"]) {
      test(`cni_${role} accepts a ${command} with bad stdin, and logs nothing`, async () => {
        const { scratch, run } = usePrivateMachine();
        for (const stdin of ["", "{", "[]", null]) {
          const { code, stdout } = await run({
            role,
            env: { CNI_COMMAND: command, CNI_CONTAINERID: "c1" },
            stdin,
          });
          expect(code).toBe(0);
          expect(stdout.toString()).toBe("");
        }
        expect(scratch.lines()).toEqual([]);
      });
    }

    test(`cni_${role} refuses an ADD with more than 64 MiB of stdin`, async () => {
      const { scratch, run } = usePrivateMachine();
      const stdin = Buffer.alloc(64 * 1024 * 1024 + 1, " ");
      stdin.write('{"cniVersion":"1.0.0"}');
      const { code, stdout } = await run({ role, env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" }, stdin });
      expect(code).toBe(1);
      expectErrorObject(stdout, 6);
      expect(scratch.lines()).toEqual([expect.stringMatching(note)]);
    });
  }
});

/** Unusual texts that are one JSON object by RFC 8259. */
const valid: readonly (readonly [what: string, text: string])[] = [
  ["an empty object", "{}"],
  ["10,000 levels", `{"a":${"[".repeat(9_999)}${"]".repeat(9_999)}}`],
  ["10,000 levels of objects", `{"a":${'{"b":'.repeat(9_998)}{}${"}".repeat(9_998)}}`],
  ["white space around it", ' \r\n\t{ "a" : 1 }\r\n\t '],
  ["a line feed at its end", '{"a":1}\n'],
  ["an empty key", '{"":1,"a":{"":""}}'],
  ["every escape", String.raw`{"\"\\\/\b\f\n\r\t\u00Ff":"\"\\\/\b\f\n\r\t\uD83D\ude00"}`],
  ["DEL and raw Unicode in strings", '{"a":"\x7f\u0080\u2028\ufeff\uffff"}'],
  ["every form of number", '{"a":[0,-0,1,-1,10,0.0,1.50,1e1,1E+1,1e-01,0e0,-1.5E-3,1e999]}'],
];

for (const role of roles) {
  for (const [what, text] of valid) {
    test(`cni_${role} accepts stdin with ${what}`, async () => {
      const scratch = useScratch();
      const run = await runTap({
        role,
        env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" },
        stdin: stanza(scratch, text),
      });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe("{}");
      expect(scratch.lines()).toHaveLength(1);
    });
  }

  test(`cni_${role} accepts an ADD with 64 MiB of stdin`, async () => {
    const scratch = useScratch();
    const text = stanza(scratch, '{"cniVersion":"1.0.0","a":"@"}');
    const stdin = text.replace("@", "x".repeat(64 * 1024 * 1024 - text.length + 1));
    const run = await runTap({ role, env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" }, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
    expect(scratch.log().length).toBeGreaterThan(stdin.length);
  });
}
