import type { Host } from "../../../src/native/host.ts";
import { run } from "../../../src/tap/run-tap.ts";
import { type FailingHost, failAt } from "./fails.ts";

/* A tap's real script in a host that fails at a step. */

declare const host: Host & FailingHost;

const at = (step: string) => failAt(step, host);

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
