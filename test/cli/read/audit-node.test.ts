import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, truncateSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { auditCommand } from "../../../src/cli/read/audit-command.ts";
import { tapLine } from "../../story/support.ts";
import { holdLock } from "../../support/hold-lock.ts";
import { useContainerd } from "../support/containerd.ts";
import { type Host, useHost } from "../support/host.ts";
import { idOf, makeOld, writePod, writeProcess, writeSystem } from "../support/node-files.ts";

const LIST = {
  ...{ name: "net", cniVersion: "1.0.0" },
  plugins: [{ type: "bridge", ipam: { type: "host-local", subnet: "10.1.2.0/24" } }],
};
const DIRECTORY = "/var/lib/cni/networks/net";
const RESULTS = "/var/lib/cni/results";
const pods = [2, 3].map((n) => ({ id: idOf(n), namespace: "default", name: `web-${n}` }));

/** A node with two pods, without a runtime. */
function useNode(): Host {
  const host = useHost({ "10-net.conflist": JSON.stringify(LIST) });
  writeSystem(host);
  writeProcess(host, 500, "/usr/bin/containerd");
  for (const n of [2, 3])
    writePod(host, { n, list: LIST, dataDir: "/var/lib/cni/networks", addresses: [`10.1.2.${n}`] });
  return host;
}

/** The same with containerd, and with an address, an empty file and a cached attachment of nobody's. */
async function useUntidyNode(): Promise<Host> {
  const host = useNode();
  await useContainerd(host, { pods });
  host.write(`${DIRECTORY}/10.1.2.8`, "");
  host.write(`${DIRECTORY}/10.1.2.9`, `${idOf(9)}\r\neth0`);
  makeOld(host, `${DIRECTORY}/10.1.2.9`);
  writePod(host, { n: 7, list: LIST, dataDir: null, addresses: ["10.1.2.7"] });
  execFileSync("rm", ["-r", host.path("/proc/1007")]);
  return host;
}
const REMOVABLE = [`${DIRECTORY}/10.1.2.8`, `${DIRECTORY}/10.1.2.9`, `${RESULTS}/net-${idOf(7)}-eth0`];

const audit = (host: Host, ...args: readonly string[]) =>
  host.cnitap("audit", "--node", "--again", "0", ...args);
const codes = (out: string) => [...out.matchAll(/^\{"code":"([a-z-]+)"/gm)].map(([, code]) => code);

describe("cnitap audit --node", () => {
  test("needs no log, and says what it had and what it could not look for", async () => {
    const host = useNode();
    const { code, out, err } = await audit(host);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(
      [
        "There is no log.",
        "The node has: 2 files of libcni's cache, 2 of host-local, 0 network namespaces. Not looked for:",
        "  leak, ipam-stale, cache-orphan: needs network namespaces to be seen, or an answer of the runtime beside the node's processes",
        "  hostport-missing: needs iptables-save or nft, as root in the node's network namespace",
        "  hostport-stale: needs iptables-save or nft, as root in the node's network namespace, and who is alive",
        "  netns-left: needs an answer of the runtime, and the node's processes",
        "  (no runtime answers)",
        "",
      ].join("\n"),
    );
  });

  test("shows what is wrong, with the files and the command that mends it", async () => {
    const { code, out } = await audit(await useUntidyNode());
    expect(code).toBe(3);
    expect(out).toContain(
      [
        "error    ipam-empty    1 address of network net is taken by empty files of host-local, which no DEL ever frees: 10.1.2.8",
        `                       ${DIRECTORY}/10.1.2.8`,
        `                       cnitap audit --node --repair, or flock -w 5 ${DIRECTORY}/lock rm ${DIRECTORY}/10.1.2.8: nothing is lost.`,
        "warning  ipam-stale    1 address of 253 of network net is taken by a pod that is gone, since before the last boot: 10.1.2.9",
        `                       ${DIRECTORY}/10.1.2.9`,
      ].join("\n"),
    );
    expect(out).toContain(
      "note     cache-orphan  libcni's cache still has default/web-7 of network net, which is gone",
    );
  });

  test("holds the log of the host's root against the node", async () => {
    const host = await useUntidyNode();
    const about = { id: idOf(7), pod: "default/web-7", network: "net" };
    host.write(
      "/tmp/cni.log",
      `${[tapLine("ADD", "pre", { at: 0, ...about }), tapLine("ADD", "post", { at: 9, ...about })].join("\n")}\n`,
    );
    const { out } = await audit(host, "--json");
    expect(codes(out)).toEqual(["leak", "ipam-empty", "ipam-stale"]);
    host.write("/var/log/other.log", "");
    expect(codes((await audit(host, "--json", "--log-file", "/var/log/other.log")).out)).toEqual([
      "ipam-empty",
      "ipam-stale",
      "cache-orphan",
    ]);
    const missing = await audit(host, "--log-file", "/var/log/none.log");
    expect(missing).toMatchObject({
      code: 1,
      err: expect.stringContaining("/var/log/none.log: it is not there"),
    });
  });

  test("FIFOs, loops, huge and hostile entries: a clear answer, and nothing hangs", async () => {
    const host = useNode();
    await useContainerd(host, { pods });
    for (const path of [`${RESULTS}/fifo`, `${DIRECTORY}/10.1.2.66`])
      execFileSync("mkfifo", [host.path(path)]);
    host.write(`${RESULTS}/huge`, "");
    truncateSync(host.path(`${RESULTS}/huge`), 5 << 20);
    mkdirSync(host.path(`${RESULTS}/folder`));
    symlinkSync("/etc/shadow", host.path(`${RESULTS}/link`));
    symlinkSync("loop", host.path(`${DIRECTORY}/10.1.2.67`));
    host.write(`${DIRECTORY}/10.1.2.68`, "x".repeat(5000));
    host.write(`${DIRECTORY}/10.1.2.69`, "\0\0\0");
    host.write("/var/lib/cni/networks/\u001b[31m\nnet/10.1.2.3", "");
    const { code, out } = await audit(host);
    expect(code).toBe(3);
    expect(out).toContain("1 address of network \\x1b[31m net is taken by empty files");
    expect(out).toContain(`(4 entries of ${RESULTS} are no files of libcni, or cannot be read)`);
    expect(out.match(/^(error|warning|note) /gm)).toHaveLength(1);
    expect((await host.cnitap("doctor")).code).not.toBe(1);
  });

  test("a loop in the place of a directory", async () => {
    const host = useHost({ "10-net.conflist": JSON.stringify(LIST) });
    writeSystem(host);
    mkdirSync(host.path("/var/lib/cni"));
    symlinkSync("/var/lib/cni/results", host.path(RESULTS));
    const { code, out } = await audit(host);
    expect(code).toBe(0);
    expect(out).toContain(`(${RESULTS} cannot be read: too many symbolic links)`);
  });

  test("a runtime that takes the connection and never answers", async () => {
    const host = useNode();
    host.write(`${DIRECTORY}/10.1.2.8`, "");
    const path = host.path("/run/containerd/containerd.sock");
    mkdirSync(dirname(path), { recursive: true });
    const server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const named = await audit(host, "--runtime-endpoint", "/run/containerd/containerd.sock");
    expect(named).toMatchObject({ code: 1, err: expect.stringContaining("no answer within 3000 ms") });
  });

  test("a runtime whose list of pods is no message", async () => {
    const host = useNode();
    host.write(`${DIRECTORY}/10.1.2.9`, idOf(9));
    await useContainerd(host, { pods: [{ id: "\u00ff".repeat(200), namespace: "", name: "" }] });
    expect((await audit(host)).code).toBe(0); // nobody in the list is ready and seen: it is not this node's
  });

  test.each([
    [["--host-root", "/"], "Cannot use --host-root: it needs --node"],
    [["--repair"], "it needs --node"],
    [["--node", "--yes"], "Cannot use --yes: it needs --repair"],
    [["--node", "--again", "soon"], "It must be a number"],
  ])("%j is wrong usage", async (args, words) => {
    const host = useHost({});
    const { code, err } = await host.cnitap("audit", ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe("cnitap audit --node --repair", () => {
  test("shows what it would remove, and does nothing unless it may", async () => {
    const host = await useUntidyNode();
    const { code, out } = await audit(host, "--repair");
    expect(code).toBe(3);
    for (const path of REMOVABLE) {
      expect(out).toContain(`\nremove ${path}: `);
      expect(existsSync(host.path(path))).toBe(true);
    }
    expect(out).toContain("Nothing was repaired: --yes does it without a question.");
  });

  test("removes it with --yes, keeps copies, and changes nothing else", async () => {
    const host = await useUntidyNode();
    const before = REMOVABLE.map((path) => host.read(path));
    const { code, out } = await audit(host, "--repair", "--yes", "--json");
    expect(code).toBe(0); // no error is left
    const done = out
      .split("\n")
      .filter((line) => line.startsWith('{"repaired"'))
      .map((line) => JSON.parse(line));
    expect(done.map(({ repaired }) => repaired)).toEqual(REMOVABLE);
    expect(done.map(({ copy }) => host.read(copy))).toEqual(before);
    expect(done[0]?.copy).toMatch(
      /^\/var\/lib\/cni-tap\/repaired\/[^/]+\/var\/lib\/cni\/networks\/net\/10\.1\.2\.8$/,
    );
    for (const path of REMOVABLE) expect(existsSync(host.path(path))).toBe(false);
    for (const n of [2, 3]) expect(host.read(`${DIRECTORY}/10.1.2.${n}`)).toBe(`${idOf(n)}\r\neth0`);
    expect((await audit(host, "--repair", "--yes")).out).toContain("There is nothing to repair.");
  });

  test.each([
    [true, false],
    [false, true],
  ])("asks: %j", async (answer, isThere) => {
    const host = await useUntidyNode();
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return answer;
    };
    const io = { out: () => {}, err: () => {}, outBytes: () => {}, leave: () => {}, exitCode: 0 };
    const screen = { closed: false, colour: false, terminal: false, columns: null };
    const args = ["--node", "--repair", "--again", "0", "--host-root", host.root];
    await auditCommand({ ...io, ...screen }, ask).parseAsync(args, { from: "user" });
    expect(asked).toEqual(["Remove these 3 files, and keep copies? [y/N] "]);
    for (const path of REMOVABLE) expect(existsSync(host.path(path))).toBe(isThere);
  });

  test("waits for host-local's lock, and gives up rather than going without it", async () => {
    const host = await useUntidyNode();
    await holdLock(host.path(`${DIRECTORY}/lock`));
    const { code, err } = await audit(host, "--repair", "--yes");
    expect(code).toBe(1);
    expect(err).toContain(`Cannot lock ${DIRECTORY}: waited 5 s for ${DIRECTORY}/lock`);
    for (const path of REMOVABLE) expect(existsSync(host.path(path))).toBe(true);
  });

  test("leaves host-local's files alone where there is no flock(1)", async () => {
    const host = await useUntidyNode();
    const { PATH } = process.env;
    onTestFinished(() => {
      process.env.PATH = PATH;
    });
    process.env.PATH = host.path("/bin");
    const { code, err } = await audit(host, "--repair", "--yes");
    expect(code).toBe(1);
    expect(err).toContain(`Cannot lock ${DIRECTORY}: there is no flock(1) here`);
    expect(existsSync(host.path(REMOVABLE[0] ?? ""))).toBe(true);
  });
});
