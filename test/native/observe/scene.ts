import { asByteString } from "../../../src/log/byte-string.ts";
import { type ObserveHost, SOCKET, WRITER } from "../../../src/native/observe-host.ts";

/*
 * The script of an executable that uses its host once for everything: it sends to the socket in the directory TAP_FOLDER,
 * takes a pod from what comes back, and has it written to log and standard error. Whatever it cannot do, it throws.
 */

declare const host: ObserveHost;

const NRI = 1 << SOCKET.nri;

function need(error: number, what: string): void {
  if (error !== 0) throw new Error(`Cannot ${what}: ${host.errorName(error)}`);
}

function receive(): Uint8Array {
  for (;;) {
    host.wait(10, NRI);
    const got = host.receive(SOCKET.nri);
    if (got === null) throw new Error("Cannot receive: the end");
    if (typeof got !== "number") return got;
    need(got, "receive");
  }
}

/** A writer that could not get memory has died; the next one is asked again, twice. */
function write(writer: 0 | 1, line: string): void {
  const folder = host.env("TAP_FOLDER") ?? "";
  const target = {
    logFile: asByteString(`${folder}/log`),
    lockFile: asByteString(`${folder}/lock`),
    lockTimeoutMs: 200,
    logMaxBytes: 1_000_000,
  };
  for (let tries = 0; tries < 3; tries++) {
    need(host.write(writer, writer === WRITER.log ? target : null, [asByteString(line)]), "write");
    let written: number[] | null = null;
    while (written === null) {
      host.wait(10, 0);
      written = host.written(writer);
    }
    if (written[0] === 1) return;
  }
  throw new Error("Cannot write: it was not taken");
}

function start(): number {
  const paths = host.fieldPaths([[1], [2], [5, 1], [5, 2]]);
  if (host.args().length !== 1) throw new Error("Cannot read the arguments");
  host.fileKind(asByteString("/"));
  host.readFile(asByteString("/proc/self/comm"), 100);
  host.secretsIn("gr\u00fcn postgres://u:p@x/y");
  const folder = host.env("TAP_FOLDER") ?? "";
  need(host.connect(SOCKET.nri, asByteString(`${folder}/socket`)), "connect");
  need(host.send(SOCKET.nri, new Uint8Array(400_000)), "send");
  const bytes = receive();
  const count = host.fields(bytes, 0, bytes.length, paths);
  const spans = host.spans();
  if (count !== 3 || spans.length !== 9) throw new Error("Cannot find the fields");
  const record = host.keep(bytes, [0, bytes.length], paths);
  if (record === null || host.fields(record, 0, record.length, paths) !== 3) throw new Error("Cannot keep");
  const name = host.text(bytes, spans[1] ?? 0, spans[2] ?? 0, true);
  let later = "";
  void Promise.resolve().then(() => {
    later = name;
  });
  host.runJobs();
  host.collect();
  write(WRITER.log, `pod ${later}\n`);
  write(WRITER.error, `seen ${later}\n`);
  host.close(SOCKET.nri);
  host.print(1, asByteString("done"));
  return 0;
}

Object.assign(globalThis, { start });
