import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { readJsonLine } from "../support/log-lines.ts";
import { runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

/*
 * The table of docs/log.md: what cni_pre makes of each example. After a change of the rules or of this list:
 *   UPDATE_DOCS=1 npx vitest run test/log/redaction-table.test.ts
 */

const PAGE = join(ROOT, "docs/log.md");
const START = "<!-- redaction table: made by test/log/redaction-table.test.ts -->\n";
const END = "<!-- end of the redaction table -->";

/** A member of the request, or `CNI_ARGS=…`. */
const EXAMPLES = [
  '"k8s_auth_token":"abc"',
  '"etcd_key":{"a":1}',
  '"token":12345',
  '"etcd_key_file":"/etc/key"',
  '"secretName":"web-tls"',
  '"passwordByName":{"a":"x"}',
  '"tokenProfile":"x"',
  '"db_pass":"x"',
  '"auth":{"user":"x"}',
  '"authHeader":"x"',
  '"wireguardPsk":"x"',
  '"auth":true',
  '"authType":"x"',
  '"compass":"north"',
  '"env":[{"name":"DB_PASSWORD","value":"x"}]',
  '"env":[{"value":"x","name":"DB_HOST"}]',
  '"x":"see eyJhbGci.eyJzdWIi.c2ln"',
  '"x":"-----BEGIN CERTIFICATE-----\\nMIIB"',
  '"x":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"',
  '"etcd":"https://root:abc@10.0.0.1:2379,https://10.0.0.2"',
  '"x":"run --user=a --password=abc -v"',
  '"x":"run --password-file=/etc/p -v"',
  '"x":"Authorization: Bearer abc"',
  '"x":"curl -H \\"X-Auth-Token: abc\\" https://a"',
  '"x":"user: a\\npassword: abc\\n"',
  '"x":"failed to get token: connection refused"',
  '"x":"{\\"user\\":\\"a\\",\\"password\\":\\"abc\\"}"',
  '"x":"{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"abc\\"}"',
  '"x":"hunter2"',
  "CNI_ARGS=K8S_POD_NAME=web;PASSWORD=a;bc;X=1",
  "CNI_ARGS=URL=https://root:abc@10.0.0.1",
];

/** What the json log shows of an example. */
async function logged(example: string): Promise<string> {
  const scratch = useScratch();
  const [name = "", value] = example.startsWith("CNI_ARGS=") ? ["CNI_ARGS", example.slice(9)] : [];
  const env = {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: "c1",
    ...(value === undefined ? {} : { [name]: value }),
  };
  const text = value === undefined ? `{"before":1,${example}}` : "{}";
  const run = await runTap({ role: "pre", env, stdin: stanza(scratch, text, { logFormat: "json" }) });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const { members, payload } = readJsonLine(scratch.lines()[0] ?? "");
  if (value !== undefined) return `"args":${JSON.stringify(members.args)}`;
  return payload.text.slice(payload.text.indexOf('"before":1,') + '"before":1,'.length, -1);
}

test("docs/log.md shows what is hidden and what is not", async () => {
  const rows: string[] = [];
  for (const example of EXAMPLES) {
    const shown = await logged(example);
    const isShown = shown === example;
    expect(isShown, example).toBe(!shown.includes("[redacted "));
    rows.push(`| \`${example}\` | ${isShown ? "the same" : `\`${shown}\``} |\n`);
  }
  const table = `| In the call | In the log |\n|---|---|\n${rows.join("")}`;
  const page = readFileSync(PAGE, "utf8");
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`Cannot find the table in ${PAGE}`);
  const updated = `${before}${START}${table}${END}${after}`;
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, updated);
  else expect(page).toBe(updated);
});
