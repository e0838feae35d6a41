import { describe, expect, test } from "vitest";
import { type Capture, prevResultText, readCaptures, roleOf } from "../support/captures.ts";
import { classicLine, escapeControls, readJsonLine } from "../support/log-lines.ts";
import { type Role, roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { formats, logMembers, withMembers } from "../support/stanza.ts";

const captures = readCaptures();
const jwt = /"eyJ[\w-]+\.[\w-]+\.[\w-]+"/g;

function command(capture: Capture): string {
  return capture.env.CNI_COMMAND ?? "";
}

/** What the runtime must get on stdout. */
function expectedReply({ env, stdin }: Capture): string {
  const { cniVersion } = JSON.parse(stdin) as { cniVersion: string };
  if (env.CNI_COMMAND === "ADD") return prevResultText(stdin) ?? `{"cniVersion":"${cniVersion}"}`;
  if (env.CNI_COMMAND !== "VERSION") return "";
  const supportedVersions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];
  return JSON.stringify({ cniVersion, supportedVersions });
}

/** Which payload a tap logs of the call, and its text; undefined if it does not log the call. */
function expectedPayload(
  role: Role,
  json: boolean,
  capture: Capture,
  stdin: string,
): { name: string; text: string } | undefined {
  const text = stdin.replace(jwt, (value) => `"[redacted ${value.length} bytes]"`);
  const prev = prevResultText(text);
  switch (command(capture)) {
    case "ADD":
      return role === "post" && prev !== undefined ? { name: "output", text: prev } : { name: "input", text };
    case "DEL":
      return json || role === "post" ? { name: "input", text } : undefined;
    case "CHECK":
    case "GC":
      return json ? { name: "input", text } : undefined;
    default:
      return undefined;
  }
}

test("there are captures of every command, for both taps", () => {
  for (const tap of ["cni_pre", "cni_post"]) {
    const commands = new Set(captures.filter((capture) => capture.tap === tap).map(command));
    expect([...commands].sort()).toEqual(["ADD", "CHECK", "DEL", "GC", "STATUS", "VERSION"]);
  }
});

for (const role of roles) {
  for (const logFormat of formats) {
    for (const capture of captures) {
      test(`cni_${role} answers and logs ${capture.name} in the ${logFormat} format`, async () => {
        const scratch = useScratch();
        const stdin = withMembers(capture.stdin, logMembers(scratch, logFormat));
        const run = await runTap({ role, env: capture.env, stdin });
        expect(run).toMatchObject({ code: 0, stderr: "" });
        expect(run.stdout.toString()).toBe(expectedReply(capture));
        const payload = expectedPayload(role, logFormat === "json", capture, stdin);
        const [line = "", ...rest] = scratch.lines();
        expect(rest).toEqual([]);
        if (payload === undefined) expect(line).toBe("");
        else if (logFormat === "json") expectJsonLine(line, role, capture, payload);
        else {
          const { CNI_CONTAINERID: id = "" } = capture.env;
          expect(line).toBe(classicLine(command(capture), id, payload.name as "input", payload.text));
        }
      });
    }
  }
}

function expectJsonLine(
  line: string,
  role: Role,
  { env, stdin }: Capture,
  payload: { name: string; text: string },
): void {
  const read = readJsonLine(line);
  const { name, cniVersion } = JSON.parse(stdin) as Record<string, unknown>;
  expect(read.payload).toEqual({ ...payload, text: escapeControls(payload.text) });
  expect(read.members).toMatchObject({
    tap: role,
    command: env.CNI_COMMAND,
    containerId: env.CNI_CONTAINERID,
    network: name,
    cniVersion,
    ifname: env.CNI_IFNAME,
    netns: env.CNI_NETNS,
  });
  if (env.CNI_ARGS) {
    expect(read.members.args).toEqual(
      Object.fromEntries(env.CNI_ARGS.split(";").map((pair) => pair.split("="))),
    );
  }
}

const scenarios = [...new Set(captures.map(({ scenario }) => scenario))];

describe("a replayed chain", () => {
  for (const scenario of scenarios) {
    test(`${scenario}: the taps return the recorded results and log the calls in order`, async () => {
      const scratch = useScratch();
      const calls = captures.filter((capture) => capture.scenario === scenario);
      const results = new Map<string, unknown>();
      const expected: string[] = [];
      for (const capture of calls) {
        const { env } = capture;
        const attachment = `${env.CNI_CONTAINERID} ${env.CNI_IFNAME}`;
        const prev = prevResultText(capture.stdin);
        // libcni gives DEL and CHECK the result that it cached after the ADD.
        if (command(capture) !== "ADD" && prev !== undefined && results.has(attachment)) {
          expect(JSON.parse(prev)).toEqual(results.get(attachment));
        }
        const stdin = withMembers(capture.stdin, logMembers(scratch, "json"));
        const { code, stdout } = await runTap({ role: roleOf(capture), env, stdin });
        expect(code).toBe(0);
        if (capture.tap === "cni_post" && command(capture) === "ADD")
          results.set(attachment, JSON.parse(stdout.toString()));
        if (!["VERSION", "STATUS"].includes(command(capture)))
          expected.push(`${capture.tap} ${command(capture)} ${attachment}`);
      }
      const lines = scratch.lines().map((line) => readJsonLine(line).members);
      expect(
        lines.map((line) => `cni_${line.tap} ${line.command} ${line.containerId} ${line.ifname}`),
      ).toEqual(expected);
    });
  }
});
