import type { Host } from "../../../src/native/host.ts";
import { run } from "../../../src/tap/run-tap.ts";

/* The real script in a host that fails at the step TAP_TEST_STEP as TAP_TEST_FAULT says: a word, or a signal's number. */

declare const host: Host & { raise(signal: number): void };

function descend(depth: number): number {
  return descend(depth + 1) + 1;
}

function at(step: string): void {
  if (step !== host.env("TAP_TEST_STEP")) return;
  const fault = host.env("TAP_TEST_FAULT");
  switch (fault) {
    case "throw":
      throw new Error("a step that throws");
    case "loop":
      for (;;);
    case "builtin": // QuickJS does not call its interrupt handler in a builtin
      Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
      return;
    case "memory": {
      const kept: string[] = [];
      for (let text = "x"; ; text += text) kept.push(text);
    }
    case "stack":
      descend(0);
      return;
    default:
      host.raise(Number(fault));
  }
}

function start(): number {
  const code = run("post", {
    env: (name) => {
      at("first");
      return host.env(name);
    },
    isTerminal: () => host.isTerminal(),
    pid: () => host.pid(),
    now: () => host.now(),
    readInput: (members, everywhere) => {
      at("before stdin");
      const scan = host.readInput(members, everywhere);
      at("after stdin");
      return scan;
    },
    text: (from, to) => host.text(from, to),
    isSecretKey: (key) => host.isSecretKey(key),
    secretsIn: (text) => host.secretsIn(text),
    append: (target, line, flatten, escapeControls) => {
      at("before the line");
      const faults = host.append(target, line, flatten, escapeControls);
      at("after the line");
      return faults;
    },
    reply: (pieces, exitCode) => {
      at("before the reply");
      const errno = host.reply(pieces, exitCode);
      at("after the reply");
      return errno;
    },
    complain: (text) => host.complain(text),
    errorText: (errno) => host.errorText(errno),
  });
  at("before the exit");
  return code;
}

Object.assign(globalThis, { start });
