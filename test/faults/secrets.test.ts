import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readJsonLine } from "../support/log-lines.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, runTap, type TapRun } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { formats, stanza } from "../support/stanza.ts";
import { FOREIGN_VARIABLES, HARMLESS, PLANTED, PLANTED_VARIABLES, type Planted } from "../vectors/secrets.ts";

const COMMANDS = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", "FUTURE"];
const MARK = /90210\d{5}/;

/** Digits that are nowhere else. */
function markOf(index: number): string {
  return `90210${String(index).padStart(5, "0")}`;
}

/** A prevResult with the secrets, each with a mark of its own. */
function resultWith(planted: readonly Planted[]): string {
  const members = planted.map(({ members }, index) => members(markOf(3 * index)));
  return `{"ips":[],${members.join(",")},"x":{${members.join(" , ")}}}`;
}

/** A request with the secrets in the configuration, in the pod's annotations and in prevResult. */
function requestWith(planted: readonly Planted[]): string {
  const texts = (place: number) =>
    planted.map(({ members }, index) => members(markOf(3 * index + place))).join(",");
  const annotations = `"runtimeConfig":{"io.kubernetes.cri.pod-annotations":{${texts(1)}}}`;
  return `{"cniVersion":"1.0.0","name":"n",${annotations},${texts(2)},"prevResult":${resultWith(planted)}}`;
}

/** The secrets of all variables; those of CNI_ARGS are joined. */
function allVariables(): Record<string, string> {
  const env: Record<string, string> = Object.fromEntries(
    FOREIGN_VARIABLES.map((name, index) => [name, markOf(900 + index)]),
  );
  for (const [index, planted] of PLANTED_VARIABLES.entries()) {
    const own = planted.env(markOf(800 + index));
    const { CNI_ARGS } = env;
    Object.assign(env, own);
    if (own.CNI_ARGS && CNI_ARGS) env.CNI_ARGS = `${CNI_ARGS};${own.CNI_ARGS}`;
  }
  return env;
}

/** Expects no secret on stderr and in the names and contents of the scratch directory's files. */
function expectKept(scratch: Scratch, { stderr }: TapRun, below = "."): void {
  expect(stderr).not.toMatch(MARK);
  for (const name of readdirSync(scratch.path(below))) {
    expect(name).not.toMatch(MARK);
    expect(readFileSync(scratch.path(`${below}/${name}`)).toString("latin1")).not.toMatch(MARK);
  }
}

test("the corpus has 85 secrets and 48 harmless texts", () => {
  expect(PLANTED.length + PLANTED_VARIABLES.length).toBe(85);
  expect(HARMLESS).toHaveLength(48);
});

for (const role of roles) {
  for (const logFormat of formats) {
    test.each(PLANTED)(
      `cni_${role} keeps out of the ${logFormat} log, and returns, $what`,
      async (planted) => {
        const scratch = useScratch();
        const stdin = stanza(scratch, requestWith([planted]), { logFormat });
        const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
        const run = await runTap({ role, env, stdin });
        expect(run).toMatchObject({ code: 0, stderr: "" });
        expect(run.stdout.toString()).toBe(resultWith([planted]));
        expect(scratch.lines()).toHaveLength(1);
        expectKept(scratch, run);
        if (logFormat === "json") readJsonLine(scratch.lines()[0] ?? "");
      },
    );

    test.each(PLANTED_VARIABLES)(`cni_${role} keeps out of the ${logFormat} log $what`, async (planted) => {
      const scratch = useScratch();
      const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", ...planted.env(markOf(0)) };
      const run = await runTap({ role, env, stdin: stanza(scratch, "{}", { logFormat }) });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(scratch.lines()).toHaveLength(1);
      expectKept(scratch, run);
    });

    test.each(COMMANDS)(
      `cni_${role} keeps all secrets out of the ${logFormat} log at a %s`,
      async (command) => {
        const scratch = useScratch();
        const stdin = stanza(scratch, requestWith(PLANTED), { logFormat, logStatus: true, logMaxBytes: 1 });
        const env = { ...allVariables(), CNI_COMMAND: command };
        // The second call rotates, so that the first one's line is in another file.
        for (let call = 0; call < 2; call++) {
          const run = await runTap({ role, env, stdin });
          expect(run).toMatchObject({ code: 0, stderr: "" });
          if (command === "ADD") expect(run.stdout.toString()).toBe(resultWith(PLANTED));
          else expect(run.stdout.toString()).not.toMatch(MARK);
          expectKept(scratch, run);
        }
      },
    );

    test(`cni_${role} shows harmless text in the ${logFormat} log`, async () => {
      const scratch = useScratch();
      const result = `{${HARMLESS.join(",")}}`;
      const stdin = stanza(scratch, `{"a":${result},${HARMLESS.join(",")},"prevResult":${result}}`, {
        logFormat,
      });
      const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_ARGS: "token_file=/a;keyboard=b;x=eyJ" };
      const run = await runTap({ role, env, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      const [line = ""] = scratch.lines();
      for (const text of HARMLESS) expect(line).toContain(text);
      expect(line).toContain(role === "pre" ? stdin : result);
      if (logFormat === "json")
        expect(readJsonLine(line).members.args).toEqual({ token_file: "/a", keyboard: "b", x: "eyJ" });
    });
  }
}

describeOnPrivateMachine("with invalid stdin, a wrong stanza or a missing variable", () => {
  const whole = requestWith(PLANTED);

  for (const role of roles) {
    test(`cni_${role} shows no value of a wrong stanza on stderr`, async () => {
      const mark = markOf(1);
      for (const wrong of [
        `"logFile":"/nowhere/${mark}/cni.log"`,
        `"logFile":"${mark}"`,
        `"logFile":"/tmp/${mark}\\u0000"`,
        `"lockFile":"/nowhere/${mark}/cni.lock"`,
        `"lockFile":["${mark}"]`,
        `"lockTimeoutMs":"${mark}"`,
        `"lockTimeoutMs":${mark}`,
        `"logMaxBytes":-${mark}`,
        `"logFormat":"${mark}"`,
        `"logStatus":"${mark}"`,
        `"redact":{"token":"${mark}"}`,
        `"label":{"token":"${mark}"}`,
        `"label":${mark}`,
      ]) {
        const { run } = usePrivateMachine(); // the default file is used in place of a wrong one
        const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
        const done = await run({ role, env, stdin: `{"x":1,${wrong},"prevResult":[]}` });
        expect(done.code).toBe(0);
        expect(done.stdout.toString()).toBe("[]");
        expect(done.stderr, wrong).toMatch(/^cni_\w+: Cannot [^\n]+\n$/);
        expect(done.stderr).not.toMatch(MARK);
      }
    });

    test(`cni_${role} shows no secret of an incomplete request, wherever it ends`, async () => {
      const { scratch, run } = usePrivateMachine();
      const env = { CNI_CONTAINERID: "c1", ...allVariables() };
      for (let cut = 0; cut < 40; cut++) {
        const CNI_COMMAND = ["ADD", "CHECK", "DEL"][cut % 3] ?? "";
        const stdin = whole.slice(0, Math.floor((whole.length * cut) / 40));
        const done = await run({ role, env: { ...env, CNI_COMMAND }, stdin });
        expect(done).toMatchObject({ code: CNI_COMMAND === "DEL" ? 0 : 1, stderr: "" });
        expect(done.stdout.toString()).not.toMatch(MARK);
        expectKept(scratch, done, "tmp");
      }
      expect(scratch.lines()).toHaveLength(40);
    });

    test(`cni_${role} shows no secret of a call without a command or a container ID`, async () => {
      const { scratch, run } = usePrivateMachine();
      for (const env of [{}, { CNI_COMMAND: "" }, { CNI_COMMAND: "ADD", CNI_CONTAINERID: "" }]) {
        const done = await run({ role, env: { ...allVariables(), ...env }, stdin: whole });
        expect(done).toMatchObject({ code: 1, stderr: "" });
        expect(done.stdout.toString()).not.toMatch(MARK);
        expectKept(scratch, done, "tmp");
      }
      expect(scratch.lines()).toHaveLength(3);
    });
  }
});
