import { asByteString, type ByteString } from "../../../src/log/byte-string.ts";
import type { ObserveHost } from "../../../src/native/observe-host.ts";

/*
 * The script of an executable whose host a test calls from afar (remote-host.ts). Its first argument is the path of a
 * socket, which gives a command a line: the function's name, its arguments, and how often it is called. The answer to each
 * is a line, too: what the last call returned, or threw. Bytes are { bytes: "one character each" }.
 */

declare const host: ObserveHost & Record<string, (...args: unknown[]) => unknown>;
declare const yaml: { parseDocument(text: string): { toJS(): unknown } };

const LINE_FEED = 0x0a;

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

function textOf(bytes: Uint8Array): ByteString {
  return host.text(bytes, 0, bytes.length, false);
}

function revive(_: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && "bytes" in value
    ? bytesOf(String(value.bytes))
    : value;
}

function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: textOf(value) };
  if (value instanceof Int32Array) return Array.from(value);
  return value === undefined ? null : value;
}

/** What a test needs beside the host's functions. */
const own: Record<string, (...args: never[]) => unknown> = {
  parseYaml: (text: string) => yaml.parseDocument(text).toJS(),
  throwLater: (message: string) => void Promise.resolve().then(() => fail(message)),
  throwNow: (message: string) => fail(message),
  catchLater: () => {
    const promise = Promise.reject(new Error("caught"));
    promise.catch(() => {});
  },
  exit: (code: number) => {
    exitCode = code;
  },
};

let exitCode: number | null = null;

function fail(message: string): never {
  throw new Error(message);
}

function call(line: string): unknown {
  const [name, args, times] = JSON.parse(line, revive);
  const called = own[name] ?? host[name];
  if (called === undefined) throw new Error(`no function ${name}`);
  let result: unknown;
  for (let count = 0; count < times; count++) result = called.apply(host, args);
  return shown(result);
}

function answer(line: string): void {
  let text: string;
  try {
    text = JSON.stringify({ value: call(line) });
  } catch (error) {
    if (line.startsWith('["throwNow"')) throw error;
    text = JSON.stringify({ thrown: String(error) });
  }
  host.send(0, bytesOf(`${text.replace(/[^ -~]/g, escaped)}\n`));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function start(): number {
  const [, path = asByteString("")] = host.args();
  const error = host.connect(0, path);
  if (error !== 0) throw new Error(`Cannot connect to ${path}: ${host.errorText(error)}`);
  let text = "";
  while (exitCode === null) {
    host.wait(60_000, 1);
    const got = host.receive(0);
    if (got === null) return 0;
    if (typeof got === "number") continue;
    text += textOf(got);
    if (got[got.length - 1] !== LINE_FEED) continue;
    const lines = text.split("\n");
    text = "";
    for (const line of lines) if (line !== "") answer(line);
  }
  while (host.unsent(0) > 0) host.wait(1_000, 0);
  return exitCode;
}

Object.assign(globalThis, { start });
