/*
 * Secrets as they turn up in configurations, results, annotations and variables, and what only looks like one. A
 * secret's text is made from a mark, ten digits or more, so that it can be found wherever it got to.
 */

export interface Planted {
  readonly what: string;
  /** Members of a JSON object. */
  readonly members: (mark: string) => string;
}

export interface PlantedVariable {
  readonly what: string;
  readonly env: (mark: string) => Readonly<Record<string, string>>;
}

const jwt = (mark: string) => `eyJhbGciOiJub25lIn0.eyJzdWIi${mark}.c2ln${mark}`;
const pem = (mark: string) => `-----BEGIN RSA PRIVATE KEY-----\\nMIIB${mark}\\n-----END RSA PRIVATE KEY-----\\n`;
const key = (spelling: string): Planted => ({ what: `the key ${spelling}`, members: (mark) => `"${spelling}":"${mark}"` });
const under = (what: string, members: Planted["members"]): Planted => ({ what, members });

export const PLANTED: readonly Planted[] = [
  key("password"),
  key("PASSWORD"),
  key("dbPassword"),
  key("pass_word"),
  key("p.a.s.s.w.o.r.d"),
  key("passwd"),
  key("Pass-Phrase"),
  key("clientSecret"),
  key("example.com/auth-token"),
  key("Proxy-Authorization"),
  key("X-API-KEY"),
  key("aws_access_key_id"),
  key("private.key"),
  key("client-key-data"),
  key("etcdKey"),
  key("token_file_content"),
  key("password "),
  key("grün password ü"),
  key("pass\\u0077ord"),
  key("\\u0070\\u0061\\u0073\\u0073\\u0077\\u006F\\u0072\\u0064"),
  key("api\\u005fkey\\u002d"),
  key("\\u0000\\\"\\\\token\\n"),
  key(`secret\\\\u0066${"_".repeat(300)}ile`),
  key("auth"),
  key("db_pass"),
  key("authHeader"),
  key("wireguardPsk"),
  key("PRE_SHARED_KEY"),
  key("tokenProfile"),
  key("set-cookie"),
  key("x".repeat(513)),
  under("a mutual secret", (mark) => `"auth":{"mutual":["${mark}"]}`),
  under("an object under a harmless key", (mark) => `"passwordByName":{"a":"${mark}"}`),
  under("a pair", (mark) => `"env":[{"name":"DB_PASSWORD","value":"${mark}"}]`),
  under("a pair, the other way round", (mark) => `"env":[{"value":{"token":1,"x":"${mark}"},"x":"a=b","key":"token"}]`),
  under("a pair in JSON in a string", (mark) => `"last":"{\\"name\\":\\"DB_PASS\\",\\"value\\":\\"${mark}\\"}"`),
  under("JSON in a string", (mark) => `"last":"{\\"a\\":{\\"password\\":\\"${mark}\\"}}"`),
  under("JSON in JSON in a string", (mark) => `"last":"{\\"a\\":\\"{\\\\\\"pwd\\\\\\":\\\\\\"${mark}\\\\\\"}\\"}"`),
  under("YAML in a string", (mark) => `"yaml":"user: x\\nlist:\\n  - auth: ${mark}\\n"`),
  under("a flag", (mark) => `"args":["--user=x --password=${mark}","-x"]`),
  under("a header", (mark) => `"header":"Authorization: Basic ${mark}"`),
  under("a header of a shell command", (mark) => `"cmd":"curl -H \\"X-Auth-Token: ${mark}\\" https://x"`),
  under("user info of a URL", (mark) => `"endpoints":"https://root:${mark}@10.0.0.1:2379,https://a:${mark}@h"`),
  under("an assignment in a key", (mark) => `"token=${mark}":1`),
  under("a PEM block in base64", (mark) => `"ca":"x LS0tLS1CRUdJTiBD${mark}"`),
  under("a number", (mark) => `"token":${mark}`),
  under("a number with all parts", (mark) => `"token":-${mark}.${mark}E+${mark}`),
  under("a list of lists", (mark) => `"secrets":[1,["a",["${mark}"]],true]`),
  under("an object of objects", (mark) => `"credentials":{"a":{"b":"${mark}"},"c":null}`),
  under("an object whose key it is", (mark) => `"secret":[{"${mark}":1}]`),
  under("an object with a harmless key", (mark) => `"secret":{"file":"${mark}","name":{"path":"${mark}"}}`),
  under("a value behind white space", (mark) => `"password"\n\t:\r\n "${mark}"\r\n`),
  under("a value full of escapes", (mark) => `"password":"\\u0022\\\\${mark}\\/\\ud800"`),
  under("a value that looks like JSON's end", (mark) => `"password":"\\"},\\"x\\":\\"${mark}"`),
  under("the second of a name given twice", (mark) => `"token":"","token":"${mark}"`),
  under("the first of a name given twice", (mark) => `"token":"${mark}","token":null`),
  under("a list of objects, deep", (mark) => `"a":[[{"b":[{"api_key":"${mark}"}]}]]`),
  under("a JWT", (mark) => `"a":"${jwt(mark)}"`),
  under("a JWT after a word and before more", (mark) => `"header":"Bearer ${jwt(mark)}, and more"`),
  under("a JWT in a URL", (mark) => `"url":"https://x.example/?jwt=${jwt(mark)}&a=b"`),
  under("a JWT behind escapes", (mark) => `"a":"\\u0065y\\u004a${mark}\\u002eeyJ${mark}.${mark}"`),
  under("a JWT in a list", (mark) => `"list":[1,"${jwt(mark)}",{}]`),
  under("a JWT as a key", (mark) => `"${jwt(mark)}":{"a":1}`),
  under("an encrypted JWT", (mark) => `"a":"eyJh${mark}..aXY.Y3${mark}.dGFn"`),
  under("a JWT in JSON in a string", (mark) => `"last-applied":"{\\"a\\":{\\"b\\":\\"${jwt(mark)}\\"}}"`),
  under("a JWT behind a false start", (mark) => `"a":"eyJ eyJ. eyJa.b eyJa.${jwt(mark)}"`),
  under("a PEM block", (mark) => `"a":"${pem(mark)}"`),
  under("a PEM block after text", (mark) => `"a":"key: |\\n  ${pem(mark)}"`),
  under("a PEM block behind escapes", (mark) => `"a":"${pem(mark).replace("--B", "\\u002d-\\u0042")}"`),
  under("a PEM block with more dashes", (mark) => `"a":["---${pem(mark)}"]`),
  under("a network's name", (mark) => `"name":"${jwt(mark)}"`),
  under("a label", (mark) => `"label":"${jwt(mark)}"`),
];

export const PLANTED_VARIABLES: readonly PlantedVariable[] = [
  { what: "a pair of CNI_ARGS", env: (mark) => ({ CNI_ARGS: `A=1;K8S_AUTH_TOKEN=${mark}` }) },
  { what: "a pair with a second sign", env: (mark) => ({ CNI_ARGS: `password==${mark}=;B=2` }) },
  { what: "the first of a pair given twice", env: (mark) => ({ CNI_ARGS: `secret=${mark};secret=` }) },
  { what: "a value with a semicolon", env: (mark) => ({ CNI_ARGS: `PASSWORD=x;${mark};${mark};B=2` }) },
  { what: "user info in CNI_ARGS", env: (mark) => ({ CNI_ARGS: `A=http://u:${mark}@h` }) },
  { what: "an assignment in CNI_NETNS", env: (mark) => ({ CNI_NETNS: `/run/netns/x?token=${mark}` }) },
  { what: "a JWT in CNI_ARGS", env: (mark) => ({ CNI_ARGS: `A=${jwt(mark)};C=3` }) },
  { what: "a JWT as a key of CNI_ARGS", env: (mark) => ({ CNI_ARGS: `${jwt(mark)}=1;${jwt(mark)}` }) },
  { what: "a PEM block in CNI_ARGS", env: (mark) => ({ CNI_ARGS: `K=x ${pem(mark).replaceAll("\\n", "\n")}` }) },
  { what: "a JWT as a container ID", env: (mark) => ({ CNI_CONTAINERID: jwt(mark) }) },
  { what: "a JWT in CNI_NETNS", env: (mark) => ({ CNI_NETNS: `/run/netns/${jwt(mark)}` }) },
  { what: "a JWT in CNI_IFNAME", env: (mark) => ({ CNI_IFNAME: `,${jwt(mark)}\n` }) },
  {
    what: "a JWT in the trace's variables",
    env: (mark) => ({ TRACEPARENT: jwt(mark), TRACESTATE: `vendor=${jwt(mark)}` }),
  },
];

/** Variables that no tap has anything to do with. */
export const FOREIGN_VARIABLES: readonly string[] = ["PASSWORD", "HOME", "CNI_PATH", "CNI_SECRET"];

/** Members of a JSON object that stay readable. */
export const HARMLESS: readonly string[] = [
  '"tokenFile":"/run/a"',
  '"token_path":"/run/b"',
  '"TOKEN-DIR":"/run/c"',
  '"secretName":"web-tls"',
  '"secret.name":"db"',
  '"passwordFile":"/etc/p"',
  '"private_key_path":"/etc/k"',
  '"clientKeyFile":"/etc/ck"',
  '"etcd_key_file":"/calico-secrets/etcd-key"',
  '"credential_dir":"/var/lib/c"',
  '"tok\\u0065n\\u005ffile":"/run/d"',
  '"keyboard":"qwerty"',
  '"monkeys":3',
  '"author":"somebody"',
  '"authority":"10.0.0.1:443"',
  '"authType":"mutual"',
  '"sessionAffinity":"None"',
  '"passthrough":{"bypass":1}',
  '"auth":true',
  '"value":"x","name":"secretName"',
  '"prose 2":"failed to get token: connection refused"',
  '"mail":"https://example.com/,somebody@example.com"',
  '"flags":"--token-file=/run/t --author=me --passthrough"',
  '"JSON":"{\\"name\\":\\"web\\",\\"value\\":\\"x\\"}"',
  '"passport":"none"',
  '"compass":"north"',
  '"pass":true',
  '"key":"value"',
  '"public_key":"AAAAC3NzaC1lZDI1NTE5"',
  '"tokyo":{"region":"jp"}',
  '"tok en":[1]',
  '"etcd_endpoints":"https://10.0.0.1:2379"',
  '"release":"1.30.2"',
  '"build":"v1.2.3-rc.1+eyJ"',
  '"prose":"the eyJ of it. and. so on"',
  '"header":"eyJhbGciOiJub25lIn0"',
  '"two parts":"eyJhbGci.eyJzdWIi"',
  '"no third":"eyJhbGci.eyJzdWIi."',
  '"lower":"eyj.a.b"',
  '"apart":"eyJa .b.c"',
  '"blob":"TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu+/=="',
  '"end":"-----END PRIVATE KEY-----"',
  '"four dashes":"---- BEGIN SSH2 PUBLIC KEY"',
  '"rule":"-----BEGINNING-----"',
  '"host":"web-0.web.default.svc.cluster.local"',
  '"uid":"5f3af489-8b1d-4c2e-9f07-a1b2c3e0159f"',
  '"digest":"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
  '"mac":"26:12:bc:2a:d3:cc"',
];
