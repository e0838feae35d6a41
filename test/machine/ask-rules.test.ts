import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { askIptables, askRules } from "../../src/machine/ask-rules.ts";
import { Root } from "../../src/machine/root.ts";
import { type Host, useHost } from "../cli/support/host.ts";

const ID = "0123456789abcdef".repeat(4);
const RULE = `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"n\\" id: \\"${ID}\\"" -m multiport --dports 80 -j CNI-DN-1`;

/** A tool that says its version, and otherwise prints the rules; it leaves a file when it was asked for them. */
function writeTool(host: Host, name: string, kind: string, rules = RULE): void {
  const asked = host.path(`/asked-${name}`);
  host.write(
    `/bin/${name}`,
    `#!/bin/sh\n[ "$1" = --version ] && echo '${name} v1.8.9 (${kind})' && exit\necho "$@" >${asked}\ncat <<'E'\n${rules}\nE\n`,
    0o755,
  );
}

const ask = async (host: Host, { legacy = false, nft = false } = {}) => {
  host.write("/names", legacy ? "filter\nnat\n" : "filter\n");
  const found = await askIptables(`${host.path("/bin")}:/bin`, "iptables", host.path("/names"), nft);
  return found === null ? null : [...found.keys()];
};

test("rules of iptables' nft kind", async () => {
  const host = useHost({});
  writeTool(host, "iptables-save", "nf_tables");
  expect(await ask(host)).toEqual([ID]);
  expect(host.read("/asked-iptables-save")).toBe("-t nat\n");
});

test("rules of the legacy kind: its tool is started only where the kernel has its table", async () => {
  const host = useHost({});
  writeTool(host, "iptables-save", "legacy");
  expect(await ask(host)).toEqual([]);
  expect(existsSync(host.path("/asked-iptables-save"))).toBe(false); // it would load the table
  expect(await ask(host, { legacy: true })).toEqual([ID]);
});

test("rules of a kind whose tool is not there are not known", async () => {
  const host = useHost({});
  expect(await ask(host)).toBeNull();
  writeTool(host, "iptables-save", "nf_tables", "");
  expect(await ask(host, { legacy: true })).toBeNull();
  writeTool(host, "iptables-legacy-save", "legacy");
  expect(await ask(host, { legacy: true })).toEqual([ID]);
  writeTool(host, "iptables-save", "legacy", "");
  expect(await ask(host, { nft: true })).toBeNull();
});

test("a tool that fails tells nothing", async () => {
  const host = useHost({});
  writeTool(host, "iptables-save", "nf_tables");
  host.write(
    "/bin/iptables-save",
    "#!/bin/sh\n[ $1 = --version ] && echo 'v1 (nf_tables)' || exit 1\n",
    0o755,
  );
  expect(await ask(host)).toBeNull();
});

test("nothing is started below another root", async () => {
  expect(await askRules(new Root(useHost({}).root), ["/bin"])).toBeNull();
});
