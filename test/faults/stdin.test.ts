import { describe, expect, test } from "vitest";
import { prevResultText, readCaptures } from "../support/captures.ts";
import { expectErrorObject } from "../support/error-object.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, startTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { runCrowd } from "./support/crowd.ts";
import { inside } from "./support/place.ts";

const MIB = 1024 * 1024;
const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

describeOnPrivateMachine("stdin cut anywhere", () => {
  const capture = readCaptures().find(
    ({ env, stdin }) => env.CNI_COMMAND === "ADD" && prevResultText(stdin) !== undefined,
  );

  for (const role of roles) {
    for (const command of ["ADD", "DEL"]) {
      test(`is noted and not logged by cni_${role}, whose ${command} ${command === "ADD" ? "is refused" : "succeeds"}`, async () => {
        const machine = usePrivateMachine();
        const { stdin, env } = capture ?? { stdin: "", env: {} };
        const whole = Buffer.byteLength(stdin);
        const reply = command === "ADD" ? (prevResultText(stdin) ?? "") : "";
        const calls = await runCrowd(
          {
            role,
            env: { ...env, CNI_COMMAND: command, CNI_CONTAINERID: "c1" },
            variable: "CNI_IFNAME",
            from: 0,
            to: whole,
            atOnce: 4,
            mode: "cut",
            stdin,
            reply,
          },
          inside(machine),
        );
        expect(calls).toHaveLength(whole + 1);
        for (const { number, code, same, stdout, stderr } of calls) {
          expect(stderr).toBe("");
          if (command === "DEL" || number === whole) expect([number, code, same]).toEqual([number, 0, true]);
          else {
            expect([number, code]).toEqual([number, 1]);
            const text = expectErrorObject(Buffer.from(stdout), 6).msg;
            expect(text).toBe(`stdin is not JSON: unexpected end at byte ${number}`);
          }
        }
        const notes = machine.scratch.lines().filter((line) => line.startsWith("stdin is not JSON: "));
        expect(new Set(notes).size).toBe(whole);
        const logged = command === "ADD" || role === "post" ? 1 : 0;
        expect(machine.scratch.lines()).toHaveLength(whole + logged);
        for (const note of notes)
          expect(note).toMatch(
            new RegExp(
              `^stdin is not JSON: unexpected end at byte \\d+,CNI_COMMAND=${command},CNI_CONTAINERID=c1$`,
            ),
          );
      });
    }
  }
});

describeOnPrivateMachine("65 MiB of stdin", () => {
  test.each(roles)("make an ADD of cni_%s fail and a DEL succeed, with one note for each", async (role) => {
    const { scratch, run } = usePrivateMachine();
    const stdin = Buffer.alloc(65 * MIB, " ");
    stdin.write('{"cniVersion":"1.0.0"}');
    const added = await run({ role, env, stdin, timeoutMs: 30_000 });
    expect(added).toMatchObject({ code: 1, signal: null, stderr: "" });
    expectErrorObject(added.stdout, 6);
    const deleted = await run({ role, env: { ...env, CNI_COMMAND: "DEL" }, stdin, timeoutMs: 30_000 });
    expect(deleted).toMatchObject({ code: 0, signal: null, stderr: "" });
    const note = `stdin is not JSON: larger than 64 MiB at byte ${64 * MIB}`;
    const commands = ["ADD", "DEL"].map((command) => `,CNI_COMMAND=${command},CNI_CONTAINERID=c1`);
    expect(scratch.lines()).toEqual(commands.map((command) => note + command));
  });
});

describe.each(roles)("cni_%s", (role) => {
  test("accepts invalid UTF-8 anywhere in strings, and returns every byte of it", async () => {
    const scratch = useScratch();
    const bytes = [...Array(256).keys()].filter((byte) => byte >= 0x20 && byte !== 0x22 && byte !== 0x5c);
    // Each byte after a space, and after each byte that begins a sequence.
    const texts = [0x20, 0xc3, 0xe2, 0xf0].flatMap((first) => bytes.flatMap((byte) => [first, byte]));
    const result = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(texts), Buffer.from('"}')]);
    const parts = stanza(scratch, '{"prevResult":@}')
      .split("@")
      .map((part) => Buffer.from(part));
    const stdin = Buffer.concat([parts[0] ?? Buffer.alloc(0), result, parts[1] ?? Buffer.alloc(0)]);
    const tap = startTap({ role, env, stdin });
    tap.end();
    const run = await tap.done;
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.equals(result)).toBe(true);
    expect(scratch.log().includes(result)).toBe(true);
  });

  test("killed while it waits for the end of stdin creates no file", async () => {
    const scratch = useScratch();
    const tap = startTap({ role, env });
    tap.child.stdin?.write(stanza(scratch, '{"cniVersion":"1.0.0"}'));
    tap.child.kill("SIGKILL");
    expect(await tap.done).toMatchObject({ code: null, signal: "SIGKILL" });
    expect(scratch.names()).toEqual([]);
  });
});
