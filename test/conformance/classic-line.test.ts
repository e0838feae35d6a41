import { expect, test } from "vitest";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

/** The bytes of a container ID as a classic line shows them. */
function escaped(bytes: readonly number[]): string {
  return bytes
    .map((byte) => {
      const char = String.fromCharCode(byte);
      const shown = byte > 0x20 && byte !== 0x7f && char !== "," && char !== "\\";
      return shown ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** Classic lines with the hex digits of escapes in lower case, as the format does not say which case they have. */
function lowered(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/\\x[0-9a-f]{2}/gi, (hex) => hex.toLowerCase()));
}

for (const role of roles) {
  // The command whose classic line holds all of stdin.
  const command = role === "pre" ? "ADD" : "DEL";

  test(`a classic line of cni_${role} holds command, container ID and payload, and nothing else`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, '{"cniVersion":"1.0.0"}');
    const env = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: "0123abc",
      CNI_NETNS: "/var/run/netns/hidden",
      CNI_IFNAME: "hidden",
      CNI_PATH: "/hidden",
      CNI_ARGS: "K8S_POD_NAME=hidden",
      TRACEPARENT: "hidden",
      HTTPS_PROXY: "hidden",
    };
    await runTap({ role, env, stdin });
    expect(scratch.log().toString()).toBe(`${classicLine(command, "0123abc", "input", stdin)}\n`);
  });

  test(`a classic line of cni_${role} escapes what could end a field or a line, byte by byte`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, "{}");
    const all = Array.from({ length: 0x7f }, (_, i) => i + 1);
    const odd = all.filter((byte) => /[^0-9a-z]/i.test(String.fromCharCode(byte)));
    for (const bytes of [all, ...odd.map((byte) => [byte])]) {
      await runTap({
        role,
        env: { CNI_COMMAND: command, CNI_CONTAINERID: String.fromCharCode(...bytes) },
        stdin,
      });
      expect(lowered(scratch.lines()).at(-1)).toBe(classicLine(command, escaped(bytes), "input", stdin));
    }
  });

  test(`a classic line of cni_${role} keeps bytes of a container ID that are not UTF-8`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, "{}");
    const id = Buffer.from("a\xff\xfe\x80\n\xc3", "latin1");
    await runTap({ role, env: { CNI_COMMAND: command, CNI_CONTAINERID: id }, stdin });
    const shown = scratch.log().toString("latin1");
    expect(lowered([shown])).toEqual([`${classicLine(command, "a\xff\xfe\x80\\x0a\xc3", "input", stdin)}\n`]);
  });

  test(`a classic line of cni_${role} is one line, whatever white space stdin has`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, '{\r\n\t"a": [\n1,\r2\n],\n\n"b": "\\n"\r\n}');
    await runTap({ role, env: { CNI_COMMAND: command, CNI_CONTAINERID: "c1" }, stdin });
    const text = stdin.replace(/[\r\n]/g, " ");
    expect(scratch.lines()).toEqual([classicLine(command, "c1", "input", text)]);
  });
}
