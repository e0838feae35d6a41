import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cache-dir.ts";
import type { Call } from "./call.ts";
import type { Random } from "./random.ts";

type List = [string, ...string[]];

const JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0In0.bm90LWEtcmVhbC1zaWduYXR1cmU";
const PEM = "-----BEGIN PRIVATE KEY-----\\nMIIB\\n-----END PRIVATE KEY-----\\n";

const COMMANDS: List = [
  "ADD",
  "ADD",
  "ADD",
  "ADD",
  "DEL",
  "DEL",
  "CHECK",
  "GC",
  "STATUS",
  "VERSION",
  "add",
  "ADD ",
  "",
];
const VARIABLES: List = [
  "CNI_COMMAND",
  "CNI_CONTAINERID",
  "CNI_NETNS",
  "CNI_IFNAME",
  "CNI_ARGS",
  "TRACEPARENT",
  "TRACESTATE",
  "CNI_PATH",
  "PASSWORD",
];
const TEXTS: List = [
  "",
  "x",
  JWT,
  `a ${JWT} b`,
  "-----BEGIN CERTIFICATE-----\nMIIB\n",
  "K8S_TOKEN=a=b;;K8S_POD_NAME=x;K8S_POD_NAME=y;=;a",
  "__proto__=1;constructor=2;toString",
  "PASSWORD=a;b;;c;X=--token=d;e;U=http://u:p@h/,ftp://x@y",
  "https://u:p@h:1/?x=y a: b\npassword: c",
  '{"name":"DB_PASS","value":"x"}',
  "LS0tLS1CRUdJTiBD",
  '\n\r\t,\\"\x01\x7f',
  "\xff\xfe\xc3",
  "\xc3\xa9\xe2\x80\xa8",
  "x".repeat(3000),
  "../../etc/passwd",
  "%s%n{log}{}$&",
];

const LONG_TEXTS: List = [
  "x".repeat(100_000),
  "\n".repeat(100_000),
  "a,".repeat(50_000),
  "\xff".repeat(100_000),
  "eyJ.".repeat(25_000),
  ";".repeat(100_000),
  "a://b@c,".repeat(12_500),
  "x: ".repeat(33_000),
  `PASSWORD=${";a".repeat(50_000)}`,
];

const KEYS: List = [
  '"a"',
  '""',
  '"password"',
  '"pass\\u0077ord"',
  '"To_k-e.N"',
  '"token_file"',
  '"tokenByName"',
  '"auth"',
  '"db_pass_id"',
  '"authType"',
  '"key"',
  '"value"',
  '"name"',
  '"value"',
  '"https://u:p@h --token=x"',
  `"${"x".repeat(513)}"`,
  `"secret${"_".repeat(210)}name"`,
  '"cniVersion"',
  '"cni\\u0056ersion"',
  '"name"',
  '"prevResult"',
  '"prev\\u0052esult"',
  '"__proto__"',
  `"${JWT}"`,
  '"\xff\xc3"',
  '"logFormat"',
  '"logFile"',
  '"lockFile"',
  '"lockTimeoutMs"',
  '"logMaxBytes"',
  '"logStatus"',
  '"redact"',
  '"label"',
];
const VALUES: List = [
  '"x"',
  '""',
  '"json"',
  '"classic"',
  '"\\u006ason"',
  '"/tmp/other.log"',
  '"/tmp\\/o\\u0074her.log"',
  '"/"',
  '"/nowhere/at/all"',
  '"relative"',
  '"/tmp/\\u0000x"',
  "0",
  "-0",
  "1e2",
  "5000",
  "5001",
  "9007199254740993",
  "1.0",
  "1E+400",
  "true",
  "false",
  "null",
  "{}",
  "[]",
  "[ 1 ,\r\n 2 ]",
  '{"a":{"b":[{"c":"hunter2"}]}}',
  '{"ips":[{"address":"10.0.0.1/24"}],"big":12345678901234567890}',
  `"${JWT}"`,
  `"Bearer ${JWT}"`,
  `"${PEM}"`,
  '"eyJ.."',
  '"DB_PASSWORD"',
  '"sessionId"',
  '"secretName"',
  '"https://u:p@h,x://a@b?token=c"',
  '"run --password=x y"',
  '"a: b\\n- password: c"',
  '"{\\"auth\\":\\"x\\",\\"a\\":1}"',
  '"{\\"name\\":\\"PSK\\",\\"value\\":\\"x\\"}"',
  '"X-Auth-Token: x"',
  '"xLS0tLS1CRUdJTi"',
  '{"value":{"token":"x"},"a":"b=c","name":"pwd"}',
  '[{"name":"TOKEN","value":1},{"value":"x","key":"token"}]',
  '"eyJ_-0._-._"',
  '"eyJa.eyJ-b._.-"',
  '"\\u0065yJ._\\u002e-"',
  '"\\ud800"',
  '"\\ud83d\\ude00\\u0000\\b"',
  '"\xff\xc3\x28"',
  '"0.3.1"',
  '"7.0.0"',
];
const BYTES: List = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  '"',
  "\\",
  "'",
  "\\u",
  "\\u12",
  "\n",
  "\r\n",
  "\t",
  " ",
  "\0",
  "\x1f",
  "\x7f",
  "\xff",
  "\xef\xbb\xbf",
  "eyJ",
  "-----BEGIN ",
  "://",
  "@",
  "=",
  "password=",
  "auth:",
  "0",
  "-",
  "e",
  ".",
  "tru",
  "null",
];

interface Seed {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

function binary(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The captured calls, as binary strings. */
export function readSeeds(): [Seed, ...Seed[]] {
  const folder = join(ROOT, "test", "vectors", "captures");
  const seeds = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name): Seed => {
      const { env, stdin }: Seed = JSON.parse(readFileSync(join(folder, name), "utf8"));
      const variables = Object.entries(env).map(([key, value]) => [key, binary(value)]);
      return { env: Object.fromEntries(variables), stdin: binary(stdin) };
    });
  const [first, ...rest] = seeds;
  if (first === undefined) throw new Error(`Cannot mutate calls: ${folder} holds none`);
  return [first, ...rest];
}

const LONG = 8192;

/** A captured call with a few changes. After most of them, stdin is still JSON. */
export function mutate(random: Random, seeds: readonly [Seed, ...Seed[]]): Call {
  let seed = random.pick(seeds);
  if (seed.stdin.length > LONG && !random.once(20)) seed = seeds[0];
  const env: Record<string, string> = { ...seed.env };
  let { stdin } = seed;
  if (random.once(2)) stdin = stdin.replace("{", '{"logFormat":"json",');
  if (random.once(4)) env.CNI_COMMAND = random.pick(COMMANDS);
  for (let changes = random.below(3); changes > 0; changes--) mutateVariable(random, env);
  for (let changes = random.below(6); changes > 0; changes--) stdin = changeJson(random, stdin);
  if (random.once(4))
    for (let changes = 1 + random.below(3); changes > 0; changes--) stdin = changeBytes(random, stdin, seeds);
  if (random.once(500)) env[random.pick(VARIABLES)] = random.pick(LONG_TEXTS);
  if (random.once(500)) stdin = insert(stdin, stdin.indexOf("{") + 1, manySecrets(random));
  return { role: random.once(2) ? "pre" : "post", env, stdin };
}

/** About as many as the taps' limit of 4,096, beyond which they hide the whole text. */
function manySecrets(random: Random): string {
  const key = random.pick(["token", "a-rather.long_secret", "pass\\u0077ord", "token_file"]);
  return Array.from({ length: 4000 + random.below(200) }, (_, index) => `"${index}${key}":"hunter2",`).join(
    "",
  );
}

function mutateVariable(random: Random, env: Record<string, string>): void {
  const name = random.pick(VARIABLES);
  if (random.once(5)) delete env[name];
  else if (random.once(3)) env[name] = `${env[name] ?? ""}${random.pick(TEXTS)}`;
  else if (name !== "CNI_COMMAND" || random.once(4)) env[name] = random.pick(TEXTS);
}

/** The offset after the next of these bytes, searched from a random offset; -1 if there is none. */
function offsetAfter(random: Random, text: string, bytes: string): number {
  const from = random.below(text.length);
  for (let step = 0; step < text.length; step++) {
    const at = (from + step) % text.length;
    if (bytes.includes(text.charAt(at))) return at + 1;
  }
  return -1;
}

function insert(text: string, at: number, part: string): string {
  return at < 0 ? text : text.slice(0, at) + part + text.slice(at);
}

/** Makes a change after which most texts are still JSON. */
function changeJson(random: Random, text: string): string {
  const member = `${random.pick(KEYS)}:${random.pick(VALUES)}`;
  switch (random.below(8)) {
    case 0:
    case 1: {
      const at = text.indexOf("{") + 1; // the top level, where a tap reads its members
      return insert(text, at, `${member},`);
    }
    case 2: {
      const at = text.lastIndexOf("}"); // the last member of a name is used
      return insert(text, at, `,${member}`);
    }
    case 3:
      return insert(text, offsetAfter(random, text, "{"), `${member},`);
    case 4:
      return insert(text, offsetAfter(random, text, "["), `${random.pick(VALUES)},`);
    case 5:
      return insert(text, offsetAfter(random, text, "{[,:"), random.pick(["\n", "\r\n", " \t", "\r"]));
    case 6: {
      const levels = random.pick([2, 50, 2000]);
      const nested = random.once(2)
        ? `${"[".repeat(levels)}${"]".repeat(levels)}`
        : `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
      return insert(text, text.indexOf("{") + 1, `${random.pick(KEYS)}:${nested},`);
    }
    default: {
      const at = offsetAfter(random, text, ":");
      const end = at < 0 ? null : /^(?:"[^"\\]*"|[\w.+-]+)/.exec(text.slice(at, at + 300));
      return end ? text.slice(0, at) + random.pick(VALUES) + text.slice(at + end[0].length) : text;
    }
  }
}

function changeBytes(random: Random, text: string, seeds: readonly [Seed, ...Seed[]]): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + 1 + random.below(30));
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, to) + text.slice(at);
    case 3:
      return insert(text, at, random.pick(BYTES));
    case 4:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    default:
      return text.slice(0, at) + random.pick(seeds).stdin.slice(random.below(2000), LONG);
  }
}
