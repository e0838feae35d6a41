import { expect, test } from "vitest";
import { classicLine, readJsonLine } from "../support/log-lines.ts";
import { type Role, roles, runTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { formats, type LogFormat, stanza } from "../support/stanza.ts";

const jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0In0.bm90LWEtcmVhbC1zaWduYXR1cmU";
const pem = "-----BEGIN PRIVATE KEY-----\\nMIIB\\n-----END PRIVATE KEY-----\\n";
const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

/** What the log shows in place of a value of this text. */
function hidden(value: string): string {
  return `"[redacted ${Buffer.byteLength(value)} bytes]"`;
}

/** Makes a first ADD with these members and returns stdin as the log shows it. */
async function loggedInput(
  role: Role,
  scratch: Scratch,
  text: string,
  logFormat: LogFormat,
): Promise<string> {
  const stdin = stanza(scratch, text, { logFormat });
  const run = await runTap({ role, env: add, stdin });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const [line = "", ...rest] = scratch.lines();
  expect(rest).toEqual([]);
  if (logFormat === "json") return readJsonLine(line).payload.text;
  const head = classicLine("ADD", "c1", "input", "");
  expect(line.startsWith(head)).toBe(true);
  return line.slice(head.length);
}

const words =
  "password passwd passphrase secret token credential authorization apikey accesskey privatekey clientkey etcdkey keydata cookie bearer";
const secretKeys = [
  ...words.split(" "),
  ...[
    "PASSWORD",
    "dbPassword",
    "pass_word",
    "pass-word",
    "pass.word",
    "P.A-S_Sword",
    "passwords",
    "password1",
  ],
  ...[
    "k8s_auth_token",
    "bearer-token",
    "tokens",
    "api_key",
    "API-KEY",
    "x.api.key",
    "AccessKeyId",
    "aws_access_key_id",
  ],
  ...[
    "client-key-data",
    "client_key",
    "etcd_key",
    "etcdKey",
    "private_key",
    "clientSecret",
    "example.com/token",
  ],
  ...[
    "credentials",
    "Proxy-Authorization",
    "filetoken",
    "name_secret",
    "path.password",
    "key-data",
    "secret file x",
    "tokenProfile",
  ],
  ...["auth", "db_pass", "wireguardPsk", "PreSharedKey", "authHeader", "sessionId", "basic-auth", "http.pwd"],
  ...["signing_key", "encryptionKey", "tailscale/authkey"],
];
const openKeys = [
  ...[
    "token_file",
    "tokenFile",
    "TOKEN-PATH",
    "secretDir",
    "secret_name",
    "credential.file",
    "passwordpath",
    "etcd_key_file",
  ],
  ...[
    "key",
    "compass",
    "author",
    "authType",
    "sessionAffinity",
    "word",
    "passport",
    "tok en",
    "tocken",
    "keyfile",
    "client",
    "private",
    "access",
    "etcd_ca_cert_file",
  ],
];

/** Values of every type that a secret key may have. */
const values = [
  '"hunter2"',
  '""',
  "12345",
  "-1.50e3",
  "true",
  "null",
  '{ "deep": ["hunter2", {"x": 1}] }',
  "[]",
  "[1,\r\n2]",
  '"grün \\u00fc \\" \\\\"',
  `{"token":"${jwt}"}`,
];

for (const role of roles) {
  for (const format of formats) {
    test(`cni_${role} hides the whole value of a secret key, of any type, in the ${format} format`, async () => {
      for (const value of values) {
        const scratch = useScratch();
        const logged = await loggedInput(role, scratch, `{"a":1,"password" : ${value} ,"b":"open"}`, format);
        expect(logged.endsWith(`"a":1,"password" : ${hidden(value)} ,"b":"open"}`)).toBe(true);
        JSON.parse(logged);
      }
    });
  }

  test(`cni_${role} recognizes a secret key in every spelling, and no other key`, async () => {
    const scratch = useScratch();
    const text = [...secretKeys, ...openKeys]
      .map((key, i) => `${JSON.stringify(key)}:"value-${i}"`)
      .join(",");
    const logged = JSON.parse(await loggedInput(role, scratch, `{${text}}`, "json")) as Record<
      string,
      unknown
    >;
    for (const [i, key] of secretKeys.entries())
      expect({ [key]: logged[key] }).toEqual({ [key]: JSON.parse(hidden(`"value-${i}"`)) });
    for (const [i, key] of openKeys.entries())
      expect({ [key]: logged[key] }).toEqual({ [key]: `value-${secretKeys.length + i}` });
  });

  test(`cni_${role} hides secrets at any depth, in objects and in arrays`, async () => {
    const scratch = useScratch();
    const logged = await loggedInput(
      role,
      scratch,
      '{"runtimeConfig":{"io.kubernetes.cri.pod-annotations":{"a/password":"x"}},"list":[[{"token":[1]}],{"secret":{"password":"y"}}]}',
      "classic",
    );
    expect(logged).toContain(`"io.kubernetes.cri.pod-annotations":{"a/password":${hidden('"x"')}}`);
    expect(logged).toContain(
      `"list":[[{"token":${hidden("[1]")}}],{"secret":${hidden('{"password":"y"}')}}]`,
    );
  });

  test(`cni_${role} recognizes a secret key that is written with JSON escapes`, async () => {
    const scratch = useScratch();
    const key = String.raw`pass\u0077or\u0044`;
    const logged = await loggedInput(
      role,
      scratch,
      `{"${key}":"hunter2","tok\\u0065n\\u005ffile":"/open"}`,
      "classic",
    );
    expect(logged).toContain(`"${key}":${hidden('"hunter2"')},`);
    expect(logged).toContain(`:"/open"}`);
  });

  for (const [what, text] of [
    ["a JWT", jwt],
    ["a JWT within other words", `see ${jwt}, and more`],
    ["a JWT with escapes", jwt.replace("eyJ", "\\u0065\\u0079J").replace(".", "\\u002e")],
    ["a JWT with a signature of one character", "eyJh.eyJz.b"],
    ["a PEM block", pem],
    ["a PEM certificate", "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----"],
    ["a PEM block after text", `key: ${pem}`],
    ["a PEM block in base64", Buffer.from(pem).toString("base64")],
    ["a PEM block with escapes", pem.replace("-----BEGIN", "\\u002d----\\u0042EGIN")],
  ] as const) {
    test(`cni_${role} hides a string that holds ${what}, as a value, in an array and as a key`, async () => {
      const scratch = useScratch();
      const logged = await loggedInput(
        role,
        scratch,
        `{"a":"${text}","b":["${text}",1],"${text}":{"c":2}}`,
        "classic",
      );
      const gone = hidden(`"${text}"`);
      expect(logged.endsWith(`"a":${gone},"b":[${gone},1],${gone}:{"c":2}}`)).toBe(true);
    });
  }

  test.each([
    ["the user info of a URL", '"https://root:hunter2@10.0.0.1:2379,https://h"', "root:hunter2"],
    ["an assignment", '"-o --password=hunter2 x"', "hunter2 x"],
    ["YAML", '"user: x\\npassword: hunter2\\n"', "hunter2\\n"],
    ["JSON", '"{\\"a\\":{\\"password\\":\\"hunter2\\"}}"', 'hunter2\\"}}'],
    ["a header", '"Authorization: Bearer hunter2"', "Bearer hunter2"],
  ])(`cni_${role} hides a part of a string: %s`, async (_, text, part) => {
    const scratch = useScratch();
    const logged = await loggedInput(role, scratch, `{"a":${text},"b":[${text}]}`, "json");
    const shown = text.replace(part, `[redacted ${part.length} bytes]`);
    expect(logged.endsWith(`"a":${shown},"b":[${shown}]}`)).toBe(true);
  });

  test(`cni_${role} hides the value of a pair, in whichever order it stands`, async () => {
    const scratch = useScratch();
    const text = (value: string) =>
      `{"env":[{"name":"DB_PASSWORD","value":${value}},{"value": ${value} ,"x":{"token":${value}},"key":"auth"},{"name":"web","value":"x"}]}`;
    const logged = await loggedInput(role, scratch, text('["hunter2",{"secret":1}]'), "classic");
    expect(logged.endsWith(text(hidden('["hunter2",{"secret":1}]')).slice(1))).toBe(true);
  });

  test(`cni_${role} shows text that only resembles a secret`, async () => {
    const scratch = useScratch();
    const text =
      '{"a":"eyJhbGciOiJub25lIn0","b":"eyJx.only-two","c":"ey.J.x","d":"---- BEGIN x","e":"10.0.0.1","f":"a.b.c"}';
    const logged = await loggedInput(role, scratch, text, "classic");
    expect(logged.endsWith(text.slice(1))).toBe(true);
  });

  for (const format of formats) {
    test(`cni_${role} returns a prevResult with its secrets, and logs it without them in the ${format} format`, async () => {
      const scratch = useScratch();
      const prev = `{"token": "hunter2","ips":[{"x":"${jwt}"}],"mtu":1.0,"private_key":{"pem":"${pem}"}}`;
      const stdin = stanza(scratch, `{"cniVersion":"1.0.0","prevResult":${prev}}`, { logFormat: format });
      const run = await runTap({ role, env: add, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe(prev);
      const line = scratch.lines()[0] ?? "";
      const shown = `{"token": ${hidden('"hunter2"')},"ips":[{"x":${hidden(`"${jwt}"`)}}],"mtu":1.0,"private_key":${hidden(`{"pem":"${pem}"}`)}}`;
      expect(line).toContain(
        role === "pre" ? `"prevResult":${shown}}` : `output${format === "json" ? '":' : "="}${shown}`,
      );
      expect(line).not.toContain("hunter2");
    });

    test(`cni_${role} hides nothing if redact is false in the ${format} format`, async () => {
      const scratch = useScratch();
      const text = `{"password":"hunter2","a":"${jwt}"}`;
      const stdin = stanza(scratch, text, { logFormat: format, redact: false });
      const env = { ...add, CNI_ARGS: "K8S_TOKEN=hunter3" };
      const run = await runTap({ role, env, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      const line = scratch.lines()[0] ?? "";
      expect(line).toContain(stdin);
      if (format === "json") expect(readJsonLine(line).members.args).toEqual({ K8S_TOKEN: "hunter3" });
    });
  }

  test(`cni_${role} hides each of three thousand secrets in one line`, async () => {
    const scratch = useScratch();
    const prev = (value: string) =>
      `[${Array.from({ length: 3_000 }, (_, i) => `{"token":${value},\n"a":${i}}`).join()}]`;
    const stdin = stanza(scratch, `{"prevResult":${prev('"hunter2"')}}`);
    const run = await runTap({ role, env: add, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString() === prev('"hunter2"')).toBe(true);
    const shown = prev(hidden('"hunter2"')).replaceAll("\n", " ");
    expect(scratch.lines()).toHaveLength(1);
    expect(scratch.log().includes(role === "pre" ? `"prevResult":${shown}}\n` : `,output=${shown}\n`)).toBe(
      true,
    );
  });

  test(`cni_${role} hides secrets in CNI_ARGS, by key and by shape`, async () => {
    const scratch = useScratch();
    const env = {
      ...add,
      CNI_ARGS: `A=1;K8S_AUTH_TOKEN=hunter2;B=${jwt};token_file=/open;secret=grün;U=http://a@b;PASSWORD=x;hunter2;C`,
    };
    await runTap({ role, env, stdin: stanza(scratch, "{}", { logFormat: "json" }) });
    const line = scratch.lines()[0] ?? "";
    expect(line).not.toContain("hunter2");
    expect(readJsonLine(line).members.args).toEqual({
      A: "1",
      K8S_AUTH_TOKEN: "[redacted 7 bytes]",
      B: `[redacted ${jwt.length} bytes]`,
      token_file: "/open",
      secret: "[redacted 5 bytes]",
      U: "http://[redacted 1 bytes]@b",
      PASSWORD: "[redacted 1 bytes]",
      "[redacted 7 bytes]": "",
      "[redacted 1 bytes]": "",
    });
  });

  test(`cni_${role} hides a JWT in any variable that it logs`, async () => {
    const scratch = useScratch();
    const env = {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: jwt,
      CNI_IFNAME: jwt,
      CNI_NETNS: `/run/${jwt}`,
      TRACESTATE: jwt,
    };
    await runTap({
      role,
      env,
      stdin: stanza(scratch, `{"name":"${jwt}"}`, { logFormat: "json", label: jwt }),
    });
    await runTap({ role, env, stdin: stanza(scratch, "{}") });
    expect(scratch.log().toString()).not.toContain("eyJ");
    const [json = "", classic = ""] = scratch.lines();
    expect(readJsonLine(json).members).toMatchObject({
      containerId: `[redacted ${jwt.length} bytes]`,
      ifname: `[redacted ${jwt.length} bytes]`,
      netns: `[redacted ${jwt.length + 5} bytes]`,
    });
    expect(classic).toMatch(/^CNI_COMMAND=ADD,CNI_CONTAINERID=\S*redacted\S+,input=\{/);
  });
}
