import { ErrorCode } from "../cni/error-object.ts";
import type { ByteString } from "../log/byte-string.ts";
import type { Pieces } from "../log/pieces.ts";
import { pushRedacted } from "../log/redact.ts";
import { type PluginEnd, wrapBeginLine, wrapEndLine } from "../log/wrap-line.ts";
import { type PluginRun, spanOf, type WrapHost } from "../native/wrap-host.ts";
import { errorReply } from "../tap/faulty-call.ts";
import { carryOut, complain, log } from "../tap/run-tap.ts";
import { usage } from "./usage.ts";
import { type LoggedCall, OWN_NAME, type PluginCall, wrap } from "./wrap.ts";

/** Of output that is too long, only this many bytes are logged. */
const LONG_OUTPUT_BYTES = 64 * 1024;

/** Why a plugin cannot be started, in libcni's words where it has some (invoke.FindInPath). */
function notStarted(plugin: ByteString, path: ByteString | null, errno: number, host: WrapHost): string {
  if (path !== null) return `Cannot start ${path}: ${host.errorText(errno)}`;
  if (plugin === "") return "no plugin name provided";
  if (!isFileName(plugin)) return `invalid plugin name: ${plugin}`;
  const folders = host.env("CNI_PATH");
  if (!folders) return "no paths provided";
  return `failed to find plugin ${JSON.stringify(plugin)} in path [${folders.split(":").join(" ")}]`;
}

function isFileName(plugin: ByteString): boolean {
  return plugin !== "" && !plugin.includes("/") && !plugin.includes("\0");
}

/** The whole life of cni_wrap; the exit code, where no plugin was run. */
export function runWrap(host: WrapHost): number {
  const call = wrap(host);
  if (!("plugin" in call)) return carryOut(OWN_NAME, usage(), call, host);
  const path = isFileName(call.plugin) ? host.findPlugin(call.plugin, call.delegates) : null;
  if (call.log === null) {
    const errno = path === null ? 0 : host.replaceByPlugin(path, call.stdin);
    host.reply(
      errorReply(ErrorCode.notStarted, notStarted(call.plugin, path, errno, host), call.cniVersion),
      1,
    );
    return 1;
  }
  return runLogged(call, call.log, path, host);
}

function runLogged(call: PluginCall, logged: LoggedCall, path: ByteString | null, host: WrapHost): number {
  const escapeControls = logged.call.details !== null;
  const line = { target: logged.target, escapeControls };
  const begin = wrapBeginLine(logged.call, logged.input);
  const complaints = call.complaints.concat(log(host, { ...line, flatten: logged.flatten, pieces: begin }));

  const run = path === null ? null : host.runPlugin(path, call.stdin);
  const errno = run === null ? 0 : run[0];
  let end: PluginEnd;
  let flatten = false;
  if (run !== null && errno === 0) {
    host.closeOutput();
    const output = readOutput(run, logged.call.redaction.redact, host);
    end = endOf(run, output, logged.call.redaction.redact, host);
    flatten = output.flatten;
  } else {
    const msg = notStarted(call.plugin, path, errno, host);
    const reply = errorReply(ErrorCode.notStarted, msg, call.cniVersion);
    const fault = host.reply(reply, 1);
    if (fault !== 0) complaints.push(`Cannot write the reply: ${host.errorText(fault)}`);
    host.closeOutput();
    end = { microseconds: 0, exit: 1, signal: 0, stderr: null, outputBytes: null, output: reply };
  }
  const faults = log(host, { ...line, flatten, pieces: wrapEndLine(logged.call, end) });
  complain(OWN_NAME, complaints.concat(faults), host);
  return end.exit;
}

interface Output {
  readonly pieces: Readonly<Pieces> | null;
  readonly flatten: boolean;
  /** There is more than what was kept. */
  readonly cut: boolean;
}

function readOutput(run: PluginRun, redact: boolean, host: WrapHost): Output {
  const bytes = run[4];
  const kept = run[5];
  if (bytes === 0) return { pieces: null, flatten: false, cut: false };
  const cut = bytes > kept;
  const scan = cut ? null : host.scanOutput();
  if (scan !== null && scan.error === 0) {
    const pieces: Pieces = [];
    if (redact) pushRedacted(pieces, scan, scan.start, scan.end);
    else pieces.push(scan.start, scan.end);
    return { pieces, flatten: scan.rawNewline, cut };
  }
  const quoted = spanOf(host.quoteOutput(cut ? LONG_OUTPUT_BYTES : kept, redact));
  return { pieces: quoted === null ? ["null"] : [quoted.start, quoted.end], flatten: false, cut };
}

function endOf(run: PluginRun, output: Output, redact: boolean, host: WrapHost): PluginEnd {
  return {
    ...{ exit: run[1], signal: run[2], microseconds: run[3] },
    stderr: run[6] === 0 ? null : spanOf(host.quoteErrors(redact)),
    outputBytes: output.cut ? run[4] : null,
    output: output.pieces,
  };
}
