import { beforeAll, describe, expect, test } from "vitest";
import { formats } from "../support/stanza.ts";
import { buildPrograms } from "./support/programs.ts";
import { runPlugin } from "./support/run-plugin.ts";
import {
  type BareCall,
  type Form,
  forms,
  libcniText,
  type Settings,
  withScratch,
  wrappedCall,
} from "./support/wrapped.ts";

/* Secrets that a plugin is given or that it prints are handed on, but not logged. `S3CRET` is in each. */

beforeAll(buildPrograms);

const SECRET = "S3CRET";
const jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJTM0NSRVQifQ.UzNDUkVU";
const pem = `-----BEGIN PRIVATE KEY-----\\n${SECRET}AAAA\\nBBBB${SECRET}\\n-----END PRIVATE KEY-----\\n`;

async function logged(form: Form, call: BareCall, settings: Settings = {}): Promise<string> {
  return withScratch(async (scratch) => {
    const run = await runPlugin(wrappedCall(form, scratch, call, settings));
    expect(`${run.stdout}${run.stderr}${call.config ? libcniText(call.config) : ""}`).toMatch(/S3CRET|eyJ/);
    expect(scratch.lines()).toHaveLength(2);
    return scratch.log().toString();
  });
}

/** Lines that are hidden, one each. */
const lines = [
  `password=${SECRET}`,
  `password: ${SECRET}`,
  `token = ${SECRET}`,
  `run --token=${SECRET} -v`,
  `time="10:00" level=error msg="x" apiKey=${SECRET}`,
  `"etcd_key": "${SECRET}",`,
  `Authorization: Bearer ${SECRET}`,
  `cannot use ${jwt}`,
  `cannot reach https://root:${SECRET}@10.0.0.1:2379`,
  `{"level":"info","client_secret":"${SECRET}"}`,
];

for (const form of forms) {
  for (const logFormat of formats) {
    describe.concurrent(`of a plugin wrapped ${form}, in the ${logFormat} format`, () => {
      for (const stream of ["err", "out"]) {
        test.each(lines)(`the line of std${stream} is hidden, not those around it: %s`, async (line) => {
          const text = `before it\\n${line}\\nafter it\\n`.replaceAll(";", "\\x3b");
          const log = await logged(form, { ill: `read;${stream}:${text}` }, { logFormat });
          expect(log).not.toMatch(/S3CRET|eyJ/);
          expect(log).toContain("before it");
          expect(log).toContain("after it");
          expect(log).toMatch(/\[redacted \d+ bytes\]/);
        });

        test(`a PEM block of std${stream} is hidden from BEGIN to END`, async () => {
          const log = await logged(
            form,
            { ill: `read;${stream}:before it\\n${pem}after it\\n` },
            { logFormat },
          );
          expect(log).not.toMatch(/S3CRET|AAAA|BBBB/);
          expect(log).toContain("before it");
          expect(log).toContain("after it");
        });

        test(`a PEM block of std${stream} without an end is hidden to the end`, async () => {
          const text = `before it\\n${pem.split("-----END")[0]}more ${SECRET}`;
          const log = await logged(form, { ill: `read;${stream}:${text}` }, { logFormat });
          expect(log).not.toMatch(/S3CRET|AAAA|BBBB/);
          expect(log).toContain("before it");
        });

        test(`what comes in drips on std${stream} is hidden`, async () => {
          const drips = `a password=${SECRET}!`.split("").map((c) => `${stream}:${c};sleep:1`);
          const log = await logged(form, { ill: `read;${drips.join(";")}` }, { logFormat });
          expect(log).not.toContain("S3C");
        });

        test(`with redact false std${stream} is shown`, async () => {
          const ill = `read;${stream}:password=${SECRET}\\n`;
          const log = await logged(form, { ill }, { logFormat, redact: false });
          expect(log).toContain(`password=${SECRET}`);
        });
      }

      test("members of a result are hidden as those of a request", async () => {
        const ill = `read;out:{"cniVersion":"1.0.0","token":"${SECRET}","dns":{},"x":"${jwt}"}`;
        const log = await logged(form, { ill }, { logFormat });
        expect(log).not.toMatch(/S3CRET|eyJ/);
        expect(log).toContain('"dns":{}');
      });

      test("members of the request are hidden", async () => {
        const config = {
          cniVersion: "1.0.0",
          name: "n",
          etcd_key: SECRET,
          policy: { k8s_auth_token: SECRET },
        };
        const log = await logged(form, { ill: "cat", config }, { logFormat });
        expect(log).not.toContain(SECRET);
        expect(log).toContain('"policy":{');
      });

      test("what has no secret is shown", async () => {
        const text = "failed to get token from the server\\nno password set\\nkey ring is full\\n";
        await withScratch(async (scratch) => {
          await runPlugin(wrappedCall(form, scratch, { ill: `read;err:${text};exit:1` }, { logFormat }));
          const line = scratch.lines()[1] ?? "";
          expect(line).toContain("failed to get token from the server");
          expect(line).toContain("key ring is full");
        });
      });

      // The cuts of stderr are at 48 KiB from its start and 16 KiB from its end.
      for (const [cut, before, after] of [
        ["first", 48 * 1024, 100_000],
        ["last", 100_000, 16 * 1024],
      ] as const) {
        test.each([0, 4, 10, 13, 16, 20])(
          `a line that the ${cut} cut divides is judged whole: %d`,
          async (into) => {
            const line = `a password=${SECRET}${"0123456789".repeat(10)}${SECRET}\\n`;
            const bytes = line.length - 1;
            const [lead, rest] =
              cut === "first" ? [before - into - 1, after] : [before, after - (bytes - into) - 1];
            const ill = `read;fill-err:${lead};err:\\n;err:${line};fill-err:${rest}`;
            const log = await logged(form, { ill }, { logFormat });
            expect(log).not.toMatch(/S3C|0123456789/);
          },
        );

        test(`a PEM block that the ${cut} cut divides is hidden`, async () => {
          const block = `-----BEGIN PRIVATE KEY-----\\n${`QUFB${SECRET}\\n`.repeat(200)}-----END PRIVATE KEY-----\\n`;
          const [lead, rest] = cut === "first" ? [before - 1_000, after] : [before, after - 1_000];
          const ill = `read;fill-err:${lead};err:\\n${block};fill-err:${rest}`;
          const log = await logged(form, { ill }, { logFormat });
          expect(log).not.toMatch(/S3CRET|QUFB/);
        });
      }
    });
  }
}
