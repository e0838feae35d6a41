import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../scripts/cache-dir.ts";
import { readConfiguration } from "../../src/plugins/configuration.ts";
import { parseHookFile } from "../../src/plugins/hook-injector/hook-file.ts";
import { matchHook } from "../../src/plugins/hook-injector/when.ts";
import { PLUGINS } from "../../src/plugins/registry.ts";
import { LOG_FILE_FLAG } from "../../src/plugins/sample-plugin.ts";
import { limitsFor } from "../../src/plugins/ulimit-adjuster/ulimits.ts";

const folder = join(ROOT, "deploy/plugins");
const read = (name: string) => readFileSync(join(folder, name), "utf8");

interface PodFile {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly command: string[] }[] };
}

describe.each(PLUGINS)("deploy/plugins/$name.conf", ({ name, load }) => {
  it("is a configuration without a fault, which says how to install it", async () => {
    const { flags } = await load();
    const text = read(`${name}.conf`);
    const { values, complaints } = readConfiguration(text, [LOG_FILE_FLAG, ...flags]);
    expect(complaints).toEqual([]);
    expect(values.get("log-file")).toEqual([`/var/log/${name === "logger" ? "nri-logger" : name}.log`]);
    expect(text).toMatch(new RegExp(`ln -s /usr/local/bin/cnitap /opt/nri/plugins/\\d\\d-${name}\\n`));
    expect(text).toMatch(new RegExp(`cp deploy/plugins/${name}.conf /etc/nri/conf.d/\\d\\d-${name}.conf\\n`));
  });

  it("is in docs/plugins.md", () => {
    const docs = readFileSync(join(ROOT, "docs/plugins.md"), "utf8");
    expect(docs).toContain(`\n## ${name}\n`);
    expect(docs).toContain(`(../deploy/plugins/${name}.conf)`);
  });
});

test("the example pods ask for what the plugins do", () => {
  const pod = (name: string): PodFile => parse(read(name));
  const limited = pod("ulimit-adjuster-pod.yaml");
  const [shell] = limited.spec.containers;
  expect(limitsFor(shell?.name ?? "", limited.metadata.annotations ?? {}, () => {})).toEqual([
    { type: "RLIMIT_NOFILE", hard: 4096n, soft: 1024n },
    { type: "RLIMIT_MEMLOCK", hard: 987654n, soft: 645321n },
  ]);
  const { when } = parseHookFile(read("hook-injector-hook.json"));
  const { annotations = {} } = pod("hook-injector-pod.yaml").metadata;
  expect(matchHook(when, { annotations, args: ["true"], hasBindMounts: true }).matches).toBe(true);
  expect(pod("logger-pod.yaml").spec.containers[0]?.command.at(-1)).toContain("$LOGGED_BY");
  expect(read("logger.conf")).toMatch(/\naddEnv: LOGGED_BY\n/);
});

test("every file of deploy/plugins is of a plugin", () => {
  for (const name of readdirSync(folder))
    expect(
      PLUGINS.some((plugin) => name.startsWith(plugin.name)),
      name,
    ).toBe(true);
});
