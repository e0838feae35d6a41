import { getEventListeners } from "node:events";
import { expect, it, vi } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { createPlugin } from "../../../src/nri/nodejs/run-plugin.ts";
import { FakeRuntime } from "../support/fake-runtime.ts";
import { gate } from "../support/memory-plugin.ts";
import { start } from "../support/running.ts";

const none = new Uint8Array(0);

it("every slow call is logged, not only the first", async () => {
  const runtime = await FakeRuntime.listen();
  const { log } = start(runtime.socket, { runPodSandbox: () => gate().opened });
  const connection = await runtime.next();
  await connection.start();
  for (const count of [1, 2, 3]) {
    connection.call("RunPodSandbox", none, 20).catch(() => {}); // the call is never answered
    await waitFor(`warning ${count}`, () => log.filter((line) => line.startsWith("warn")).length === count);
  }
  expect(log.at(-1)).toContain("The handler runPodSandbox has not answered within 20 ms");
});

it("the signal has one listener after several connections", async () => {
  const runtime = await FakeRuntime.listen();
  const { stop } = start(runtime.socket);
  for (let i = 0; i < 3; i++) {
    const connection = await runtime.next();
    await connection.start();
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
    connection.socket.destroy();
  }
});

it("an abort between the connection and its session ends the plugin", async () => {
  const runtime = await FakeRuntime.listen();
  const stop = new AbortController();
  const remove = stop.signal.removeEventListener.bind(stop.signal);
  // At this moment, the connection's listener is removed and the session's is not added yet.
  vi.spyOn(stop.signal, "removeEventListener").mockImplementationOnce((type, listener) => {
    remove(type, listener);
    stop.abort();
  });
  const options = { name: "test", index: "10", socket: runtime.socket, handlers: {}, log: () => {} };
  let over = false;
  const ended = createPlugin({ ...options, signal: stop.signal }).run();
  ended.finally(() => {
    over = true;
  });
  await waitFor("its end", () => over);
  await ended;
  expect(stop.signal.aborted).toBe(true);
});
