import { expect, test } from "vitest";
import { holdLock, untilOpen } from "../support/hold-lock.ts";
import { type JsonLine, readJsonLine } from "../support/log-lines.ts";
import { type Role, roles, runTap, startTap, type TapCall } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const always = "v,time,tap,build,pid,command,containerId,network,cniVersion,ifname,netns,args".split(",");
const required = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

/** Makes the call and returns its one line. */
async function lineOf(scratch: Scratch, call: TapCall): Promise<JsonLine> {
  const run = await runTap(call);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const lines = scratch.lines();
  expect(lines).toHaveLength(1);
  return readJsonLine(lines[0] ?? "");
}

function inJson(scratch: Scratch, text: string, more: Readonly<Record<string, unknown>> = {}): string {
  return stanza(scratch, text, { logFormat: "json", ...more });
}

function argsOf(role: Role, scratch: Scratch, value: string | Uint8Array): Promise<JsonLine> {
  return lineOf(scratch, { role, env: { ...required, CNI_ARGS: value }, stdin: inJson(scratch, "{}") });
}

for (const role of roles) {
  test(`a JSON line of cni_${role} has all fields in their order`, async () => {
    const scratch = useScratch();
    const stdin = inJson(scratch, '{"cniVersion":"0.3.1","name":"k8s-pod-network"}', {
      label: "before calico",
    });
    const env = {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: "0123abc",
      CNI_NETNS: "/var/run/netns/cni-1",
      CNI_IFNAME: "eth0",
      CNI_PATH: "/opt/cni/bin",
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=nginx",
      TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      TRACESTATE: "vendor=1,other=2",
      HTTPS_PROXY: "http://user:pass@proxy",
      HOME: "/root",
    };
    const read = await lineOf(scratch, { role, env, stdin });
    expect(read.names).toEqual([...always, "label", "traceparent", "tracestate", "input"]);
    expect(read.payload.text).toBe(stdin);
    expect(read.members).toMatchObject({
      v: 1,
      tap: role,
      build: expect.stringMatching(/./),
      pid: expect.any(Number),
      command: "ADD",
      containerId: "0123abc",
      network: "k8s-pod-network",
      cniVersion: "0.3.1",
      ifname: "eth0",
      netns: "/var/run/netns/cni-1",
      args: { IgnoreUnknown: "1", K8S_POD_NAMESPACE: "default", K8S_POD_NAME: "nginx" },
      label: "before calico",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "vendor=1,other=2",
    });
    const text = scratch.log().toString();
    for (const hidden of ["proxy", "/root", "/opt/cni/bin", "HOME"]) expect(text).not.toContain(hidden);
  });

  test(`a JSON line of cni_${role} has null for what is not set, and leaves out optional fields`, async () => {
    const scratch = useScratch();
    const read = await lineOf(scratch, { role, env: required, stdin: inJson(scratch, "{}") });
    expect(read.names).toEqual([...always, "input"]);
    expect(read.members).toMatchObject({
      network: null,
      cniVersion: null,
      ifname: null,
      netns: null,
      args: null,
    });
  });

  test(`a JSON line of cni_${role} distinguishes an empty variable from one that is not set`, async () => {
    const scratch = useScratch();
    const env = { ...required, CNI_IFNAME: "", CNI_NETNS: "" };
    const read = await lineOf(scratch, { role, env, stdin: inJson(scratch, '{"name":""}') });
    expect(read.members).toMatchObject({ ifname: "", netns: "", network: "" });
  });

  test(`a JSON line of cni_${role} has null for a name and a cniVersion that are not strings`, async () => {
    const scratch = useScratch();
    const read = await lineOf(scratch, {
      role,
      env: required,
      stdin: inJson(scratch, '{"name":7,"cniVersion":1.0}'),
    });
    expect(read.members).toMatchObject({ network: null, cniVersion: null });
  });

  test(`a JSON line of cni_${role} leaves out TRACEPARENT and TRACESTATE that are empty`, async () => {
    const scratch = useScratch();
    const env = { ...required, TRACEPARENT: "", TRACESTATE: "" };
    const read = await lineOf(scratch, { role, env, stdin: inJson(scratch, "{}") });
    expect(read.names).toEqual([...always, "input"]);
  });

  test(`a JSON line of cni_${role} has any label that is a string`, async () => {
    for (const label of ["", 'quote " comma , back \\ line \n tab \t', "grün 🐳", "\u0000\u001f\u007f"]) {
      const scratch = useScratch();
      const read = await lineOf(scratch, { role, env: required, stdin: inJson(scratch, "{}", { label }) });
      expect(read.members).toMatchObject({ label });
    }
  });

  test(`a JSON line of cni_${role} has the time in UTC, to the microsecond`, async () => {
    const scratch = useScratch();
    const began = Date.now();
    const read = await lineOf(scratch, { role, env: required, stdin: inJson(scratch, "{}") });
    const time = String(read.members.time);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(Date.parse(time)).toBeGreaterThanOrEqual(began - 1);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now() + 1);
  });

  test(`a JSON line of cni_${role} has the time after the end of stdin and before the wait for the lock`, async () => {
    const scratch = useScratch();
    const lock = await holdLock(scratch.lockFile);
    const stdin = inJson(scratch, '{"name":"n"}', { lockTimeoutMs: 5_000 });
    const tap = startTap({ role, env: required, stdin });
    await new Promise((resolve) => tap.child.once("spawn", resolve));
    const ended = Date.now();
    tap.end();
    await untilOpen(tap.pid, scratch.lockFile);
    const waiting = Date.now();
    // The lock is held until the clock has moved on, so that a time taken later would be visible.
    while (Date.now() < waiting + 5) await new Promise((resolve) => setImmediate(resolve));
    await lock.release();
    await tap.done;
    const time = Date.parse(String(readJsonLine(scratch.lines()[0] ?? "").members.time));
    expect(time).toBeGreaterThanOrEqual(ended);
    expect(time).toBeLessThanOrEqual(waiting + 1);
  });

  test(`a JSON line of cni_${role} has the tap's own process ID`, async () => {
    const scratch = useScratch();
    const run = await runTap({ role, env: required, stdin: inJson(scratch, "{}") });
    expect(readJsonLine(scratch.lines()[0] ?? "").members.pid).toBe(run.pid);
  });

  for (const [args, expected] of [
    ["A=1", { A: "1" }],
    [";;A=1;;B=2;", { A: "1", B: "2" }],
    ["A", { A: "" }],
    ["A=", { A: "" }],
    ["A=1=2;B==", { A: "1=2", B: "=" }],
    ["A=1;B=2;A=3", { A: "3", B: "2" }],
    ["A= 1 ; B=2", { A: " 1 ", " B": "2" }],
    ["A=grün;Ü=1", { A: "grün", Ü: "1" }],
    [';A="quoted\\";B=\n\t\u0001', { A: '"quoted\\"', B: "\n\t\u0001" }],
    ["__proto__=1;constructor=2", JSON.parse('{"__proto__":"1","constructor":"2"}')],
    ["1=a;0=b", { 0: "b", 1: "a" }],
    [";", {}],
  ] as const) {
    test(`a JSON line of cni_${role} reads CNI_ARGS ${JSON.stringify(args)} as ${JSON.stringify(expected)}`, async () => {
      const read = await argsOf(role, useScratch(), args);
      expect(read.members.args).toStrictEqual(expected);
    });
  }

  test(`a JSON line of cni_${role} is one line of JSON, whatever the variables hold`, async () => {
    const scratch = useScratch();
    const odd = `"\\\n\r\t\b\f${Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join("")}\u007f\u2028🐳`;
    const env = {
      CNI_COMMAND: `X${odd}`,
      CNI_CONTAINERID: odd,
      CNI_IFNAME: odd,
      CNI_NETNS: odd,
      CNI_ARGS: `A${odd}=${odd}`,
      TRACEPARENT: odd,
      TRACESTATE: odd,
    };
    const read = await lineOf(scratch, {
      role,
      env,
      stdin: inJson(scratch, '{\n"name":"\\n\\u0000\\"🐳"\r\n}'),
    });
    expect(read.members).toMatchObject({
      command: `X${odd}`,
      containerId: odd,
      network: '\n\0"🐳',
      ifname: odd,
      netns: odd,
      args: { [`A${odd}`]: odd },
      traceparent: odd,
      tracestate: odd,
    });
  });

  test(`a JSON line of cni_${role} keeps bytes of variables that are not UTF-8`, async () => {
    const scratch = useScratch();
    const bytes = Buffer.from('<\xff\xc0\x80\xed\xa0\x80">', "latin1");
    const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: bytes, CNI_IFNAME: bytes, CNI_ARGS: bytes };
    const run = await runTap({ role, env, stdin: inJson(scratch, "{}") });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const line = readJsonLine(scratch.log().toString("latin1").slice(0, -1));
    const text = bytes.toString("latin1");
    expect(line.members).toMatchObject({ containerId: text, ifname: text, args: { [text]: "" } });
  });

  test(`a JSON line of cni_${role} holds stdin's text on one line`, async () => {
    const scratch = useScratch();
    const stdin = inJson(scratch, '{\r\n  "a": 9007199254740993,\n  "b": [1.0,\r1e0]\n}');
    const read = await lineOf(scratch, { role, env: required, stdin });
    expect(read.payload).toEqual({ name: "input", text: stdin.replace(/[\r\n]/g, " ") });
  });
}

for (const role of roles) {
  test(`a JSON line of cni_${role} has nothing that a terminal obeys, and stays the same text`, async () => {
    const scratch = useScratch();
    const text = "a\u007fb\u009b31mc\u0080\u009f é À \u00a0";
    const stdin = inJson(
      scratch,
      JSON.stringify({ name: text, "\u009b": [text], prevResult: { [text]: text } }),
      { label: text },
    );
    const env = { ...required, CNI_IFNAME: text, CNI_ARGS: `K=${text}` };
    const { members } = await lineOf(scratch, { role, env, stdin });
    expect(members).toMatchObject({ network: text, ifname: text, label: text, args: { K: text } });
    expect(JSON.stringify(members)).toContain(text);
    expect(scratch.log().toString()).not.toMatch(/[\u007f-\u009f]/);
    expect(scratch.log().toString()).toContain("\\u007fb\\u009b31mc\\u0080\\u009f é À \u00a0");
  });

  test(`a classic line of cni_${role} has the bytes that came in`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, JSON.stringify({ name: "a\u009bb" }));
    await runTap({ role, env: required, stdin });
    expect(scratch.log().toString()).toContain("a\u009bb");
  });
}
