import { getEventListeners } from "node:events";
import { expect, it, vi } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { createPlugin } from "../../../src/nri/nodejs/run-plugin.ts";
import { FakeRuntime } from "../support/fake-runtime.ts";
import { gate } from "../support/memory-plugin.ts";
import { start } from "../support/running.ts";

const none = new Uint8Array(0);

it("each slow call is named, the second as the first", async () => {
  const runtime = await FakeRuntime.listen();
  const { log } = start(runtime.socket, { runPodSandbox: () => gate().opened });
  const connection = await runtime.next();
  await connection.start();
  for (const count of [1, 2, 3]) {
    connection.call("RunPodSandbox", none, 20).catch(() => {}); // it is never answered
    await waitFor(`warning ${count}`, () => log.filter((line) => line.startsWith("warn")).length === count);
  }
  expect(log.at(-1)).toContain("The handler runPodSandbox has not answered within 20 ms");
});

it("the signal has one listener, however often it has connected", async () => {
  const runtime = await FakeRuntime.listen();
  const { stop } = start(runtime.socket);
  for (let i = 0; i < 3; i++) {
    const connection = await runtime.next();
    await connection.start();
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
    connection.socket.destroy();
  }
});

it("an abort between the connection and its session ends it", async () => {
  const runtime = await FakeRuntime.listen();
  const stop = new AbortController();
  const remove = stop.signal.removeEventListener.bind(stop.signal);
  // The moment at which the listener of the one is gone, and that of the other not there yet.
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
