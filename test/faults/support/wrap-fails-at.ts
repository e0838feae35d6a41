import type { WrapHost } from "../../../src/native/wrap-host.ts";
import { runWrap } from "../../../src/wrap/run-wrap.ts";
import { type FailingHost, failAt } from "./fails.ts";

/* The real script of cni_wrap in a host that fails at a step. */

declare const host: WrapHost & FailingHost;

const at = (step: string) => failAt(step, host);

function start(): number {
  let line = "begin";
  const code = runWrap({
    env: (name) => {
      at("first");
      return host.env(name);
    },
    isTerminal: () => host.isTerminal(),
    pid: () => host.pid(),
    now: () => host.now(),
    readInput: (members, everywhere, cut) => {
      at("before stdin");
      const scan = host.readInput(members, everywhere, cut);
      at("after stdin");
      return scan;
    },
    text: (from, to) => host.text(from, to),
    isSecretKey: (key) => host.isSecretKey(key),
    secretsIn: (text) => host.secretsIn(text),
    append: (target, pieces, flatten, escapeControls) => {
      at(`before the ${line}`);
      const faults = host.append(target, pieces, flatten, escapeControls);
      at(`after the ${line}`);
      line = "end";
      return faults;
    },
    reply: (pieces, exitCode) => host.reply(pieces, exitCode),
    complain: (text) => host.complain(text),
    errorText: (errno) => host.errorText(errno),
    startedAs: () => host.startedAs(),
    scanSettings: (members) => host.scanSettings(members),
    scanObject: (from, to, members) => host.scanObject(from, to, members),
    inputBytes: () => host.inputBytes(),
    findPlugin: (name, delegates) => {
      const path = host.findPlugin(name, delegates);
      at("after the search");
      return path;
    },
    runPlugin: (path, stdin) => {
      at("before the plugin");
      const run = host.runPlugin(path, stdin);
      at("after the plugin");
      return run;
    },
    replaceByPlugin: (path, stdin) => {
      at("before the plugin");
      return host.replaceByPlugin(path, stdin);
    },
    scanOutput: () => host.scanOutput(),
    quoteOutput: (most, redact) => host.quoteOutput(most, redact),
    quoteErrors: (redact) => host.quoteErrors(redact),
    closeOutput: () => host.closeOutput(),
  });
  at("before the exit");
  return code;
}

Object.assign(globalThis, { start });
