import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { Plugin } from "../../src/nri/gen/api_pb.js";
import { makeScratch } from "../support/scratch.ts";
import { launch } from "./support/launch.ts";

const run = promisify(execFile);
const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
const scratch = makeScratch();
const consumer = scratch.path("consumer");
/** The plugin of docs/nri.md. */
const example = /```ts\n(import .*?)```/s.exec(readFileSync(join(ROOT, "docs/nri.md"), "utf8"))?.[1] ?? "";

/** Each part of the API, as another program would use it. */
const usage = `import {
  Adjustment, ContainerState, createPlugin, type Handlers, NriError, type PodSandbox, updateOf,
} from "cni-tap/nri";

const handlers: Handlers = {
  configure: ({ name, requestTimeoutMs }) => (name === "" || requestTimeoutMs < 1 ? [] : ["runPodSandbox"]),
  async synchronize(state, { updateContainers }) {
    const { pods, containers } = await state.collect();
    const running = containers.filter((one) => one.state === ContainerState.CONTAINER_RUNNING);
    await updateContainers(running.map((one) => updateOf(one.id, { cpuShares: 2 })));
    return pods.length > 0 ? [] : undefined;
  },
  runPodSandbox(pod: PodSandbox) {},
  async stopPodSandbox() {},
  createContainer: (_, { args }) => ({ adjust: new Adjustment().setArgs([...args, "-v"]) }),
  validateContainerAdjustment: ({ plugins }) => (plugins.length > 9 ? { reject: "too many" } : undefined),
};
const plugin = createPlugin({ name: "usage", index: "99", handlers, reconnect: false, socket: process.argv[2] });
await plugin.run().catch((error) => console.log(error instanceof NriError ? error.code : error));
// @ts-expect-error: no such event
export const wrong: Handlers = { runPodSandbx() {} };
`;

beforeAll(async () => {
  await run("npm", ["pack", "--pack-destination", scratch.folder], { cwd: ROOT });
  const [tarball = ""] = readdirSync(scratch.folder).filter((name) => name.endsWith(".tgz"));
  mkdirSync(consumer);
  writeFileSync(join(consumer, "package.json"), '{"private":true,"type":"module"}');
  writeFileSync(join(consumer, "example.ts"), example);
  writeFileSync(join(consumer, "usage.ts"), usage);
  // Its only dependency comes from this checkout: a test asks no registry.
  const dependency = join(ROOT, "node_modules/@bufbuild/protobuf");
  const options = ["--offline", "--omit=optional", "--install-links", "--cache", scratch.path("cache")];
  await run("npm", ["install", ...options, scratch.path(tarball), dependency], { cwd: consumer });
}, 180_000);
afterAll(() => scratch.remove());

it("the tarball has only the package's own files", () => {
  const names = readdirSync(join(consumer, "node_modules/cni-tap"));
  expect(names.sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  const types = readFileSync(join(consumer, "node_modules/cni-tap/dist/nri/nodejs/run-plugin.d.ts"), "utf8");
  expect(types).toContain("/** Runs a plugin until its signal is aborted");
});

it("another program that uses the package passes a strict type check", async () => {
  const compilerOptions = {
    ...{
      strict: true,
      noEmit: true,
      target: "es2023",
      module: "nodenext",
      lib: ["es2023"],
      skipLibCheck: false,
    },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, types: ["node"] },
    typeRoots: [join(ROOT, "node_modules/@types")],
  };
  writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const { stdout } = await run(process.execPath, [tsc, "-p", consumer]).catch((error) => error);
  expect(stdout).toBe("");
});

it("the plugin of docs/nri.md runs with the package", async () => {
  expect(example.split("\n").length).toBeLessThan(25);
  const identity = { name: "network-logger", index: "10" };
  const { child, connection } = launch(process.execPath, join(consumer, "example.ts"), identity);
  const output = child.stdout && text(child.stdout);
  const pod = { id: "9f75", name: "web", namespace: "shop", ips: ["10.0.0.7"] };
  expect(await connection.start({ pods: [pod] })).toBe(0b1101);
  await connection.ask(Plugin.method.runPodSandbox, {
    pod: { ...pod, linux: { namespaces: [{ type: "network", path: "/var/run/netns/a" }] } },
  });
  const { adjust } = await connection.ask(Plugin.method.createContainer, { pod, container: {} });
  expect(adjust?.env).toMatchObject([{ key: "POD_SANDBOX_ID", value: "9f75" }]);
  await connection.ask(Plugin.method.removePodSandbox, { pod });
  connection.socket.destroy();
  expect(await output).toBe("found 9f75 shop/web\nstarted 9f75 /var/run/netns/a 10.0.0.7\nremoved 9f75\n");
});

it("an error in another program has the package's class and a code", async () => {
  const { stdout } = await run(process.execPath, ["usage.ts", "/nowhere.sock"], { cwd: consumer });
  expect(stdout).toBe("connect\n");
});
