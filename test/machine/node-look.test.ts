import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { hostAddresses, inet6Addresses, localAddresses } from "../../src/machine/host-addresses.ts";
import { seeNamespaces } from "../../src/machine/namespaces.ts";
import { listPods, netnsOf } from "../../src/machine/pod-list.ts";
import { seeProcesses } from "../../src/machine/processes.ts";
import { readSmallFile } from "../../src/machine/read-small-file.ts";
import { Root } from "../../src/machine/root.ts";
import { grpcFrame, replyGrpc, serveGrpc } from "../support/grpc.ts";
import { useScratch } from "../support/scratch.ts";

test("readSmallFile opens nothing but a regular file", () => {
  const scratch = useScratch();
  const at = (name: string) => scratch.path(name);
  writeFileSync(at("file"), "abc");
  writeFileSync(at("empty"), "");
  mkdirSync(at("folder"));
  symlinkSync("file", at("link"));
  symlinkSync("loop", at("loop"));
  execFileSync("mkfifo", [at("fifo")]);
  writeFileSync(at("huge"), "");
  truncateSync(at("huge"), 11);
  const kinds = ["file", "empty", "folder", "link", "loop", "fifo", "huge", "none", "file/x"].map(
    (name) => readSmallFile(at(name), 10).kind,
  );
  expect(kinds).toEqual(["text", "text", "odd", "odd", "odd", "odd", "large", "absent", "absent"]);
  expect(readSmallFile(at("file"), 10)).toMatchObject({ text: "abc" });
  expect(readSmallFile("/dev/zero", 10).kind).toBe("odd");
});

test("hostAddresses: the local ones of fib_trie, and if_inet6", () => {
  const trie = [
    "Main:",
    "  +-- 0.0.0.0/0 3 0 5",
    "     |-- 10.0.0.0",
    "        /24 link UNICAST",
    "Local:",
    "     |-- 10.0.0.5",
    "        /32 host LOCAL",
    "     |-- 10.0.0.255",
    "        /32 link BROADCAST",
  ].join("\n");
  expect(localAddresses(trie)).toEqual(["10.0.0.5"]);
  expect(localAddresses("")).toEqual([]);
  expect(inet6Addresses("fd000000000000000000000000000007 02 40 00 80     eth0\ngarbage\n")).toEqual([
    "fd00:0000:0000:0000:0000:0000:0000:0007",
  ]);
  expect(hostAddresses(new Root(useScratch().folder))).toBeNull();
});

test("hostAddresses of this machine has its loopback", ({ skip }) => {
  skip(process.getuid?.() !== 0, "only root may see the network of process 1");
  expect(hostAddresses(new Root())).toContain("127.0.0.1");
});

test("seeProcesses: a container's ID, its namespace, and a plugin's call under way", async ({ skip }) => {
  skip(process.getuid?.() !== 0, "only root may see other processes");
  const id = "5eed".repeat(16);
  const env = { ...process.env, CNI_COMMAND: "ADD", CNI_CONTAINERID: id, CNI_NETNS: "/run/netns/x" };
  const child = spawn("sh", ["-c", `sleep 60; : ${id}`], { env, detached: true });
  onTestFinished(() => void process.kill(-(child.pid ?? 0), "SIGKILL"));
  await waitFor("the process", async () => seeProcesses(new Root())?.ids.has(id) ?? false);
  const seen = seeProcesses(new Root());
  expect(seen?.calls).toContainEqual({ containerId: id, netns: "/run/netns/x" });
  expect(seen?.namespaces.size).toBeGreaterThan(0);
  expect(seeProcesses(new Root(useScratch().folder))).toBeNull();
});

test("seeNamespaces: below another root a file may be a namespace that is not to be seen", () => {
  const scratch = useScratch();
  mkdirSync(scratch.path("run/netns"), { recursive: true });
  writeFileSync(scratch.path("run/netns/cni-1"), "");
  symlinkSync("/run", scratch.path("var"));
  const root = new Root(scratch.folder);
  expect(seeNamespaces(root, ["/run/netns/cni-1", "/run/netns/cni-2"])).toEqual({
    mounted: [],
    there: new Set(["/run/netns/cni-1"]),
  });
  const own = `/proc/${process.pid}/ns/net`;
  expect(seeNamespaces(new Root(), [own]).there).toEqual(new Set([own]));
  expect(seeNamespaces(new Root("/"), ["/proc/999999999/ns/net"]).there.size).toBe(0);
});

const field = (number: number, value: string | Buffer) =>
  Buffer.concat([Buffer.from([(number << 3) | 2, Buffer.byteLength(value)]), Buffer.from(value)]);
const root = new Root();

test("listPods: names and states", async () => {
  const pod = (id: string, state: readonly number[]) =>
    field(
      1,
      Buffer.concat([
        field(1, id),
        field(2, Buffer.concat([field(1, "web"), field(2, "uid"), field(3, "shop")])),
        Buffer.from(state),
      ]),
    );
  const socket = await serveGrpc((stream) =>
    replyGrpc(stream, grpcFrame(Buffer.concat([pod("a", []), pod("b", [0x18, 1])]))),
  );
  const about = { pod: { namespace: "shop", name: "web" }, netns: null };
  expect(await listPods(root, socket)).toEqual([
    { id: "a", ready: true, ...about },
    { id: "b", ready: false, ...about },
  ]);
});

test("listPods and netnsOf: answers that are none", async () => {
  const cut = await serveGrpc((stream) => replyGrpc(stream, grpcFrame(Buffer.from([0x0a, 200, 1]))));
  await expect(listPods(root, cut)).rejects.toThrow("cut off");
  const empty = await serveGrpc((stream) => replyGrpc(stream, grpcFrame("")));
  expect(await listPods(root, empty)).toEqual([]);
  expect(await netnsOf(root, empty, "a")).toBeNull();
});

test("netnsOf: the path that the runtime tells verbosely", async () => {
  const info = JSON.stringify({
    runtimeSpec: { linux: { namespaces: [{ type: "ipc" }, { type: "network", path: "/run/netns/x" }] } },
  });
  const entry = field(1, "info");
  const value = Buffer.concat([Buffer.from([0x12, info.length]), Buffer.from(info)]);
  const map = Buffer.concat([entry, value]);
  const socket = await serveGrpc((stream) =>
    replyGrpc(stream, grpcFrame(Buffer.concat([Buffer.from([0x12, map.length]), map]))),
  );
  expect(await netnsOf(root, socket, "a")).toBe("/run/netns/x");
});
