import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/nri/encode.ts";
import { SynchronizeRequestSchema, SynchronizeResponseSchema } from "../../src/nri/gen/api_pb.js";
import type { Handlers } from "../../src/nri/handlers.ts";
import { NriError } from "../../src/nri/nri-error.ts";
import { updateOf } from "../../src/nri/resources.ts";
import type { Synchronization, SynchronizeItem } from "../../src/nri/synchronization.ts";
import { encodeCall, responseOf, type SynchronizeInit } from "./support/calls.ts";
import { gate, MemoryPlugin, settle } from "./support/memory-plugin.ts";

const first: SynchronizeInit = { pods: [{ id: "p1" }, { id: "p2" }], containers: [{ id: "c1" }], more: true };
const empty: SynchronizeInit = { more: true };
const last: SynchronizeInit = { pods: [{ id: "p3" }], containers: [{ id: "c2" }] };

function idOf(item: SynchronizeItem): string {
  return item.kind === "pod" ? item.pod.id : item.container.id;
}

/** Sends parts as a runtime does, each after the answer to the one before. Returns the answers. */
async function synchronize(handlers: Handlers, parts: readonly SynchronizeInit[]) {
  const plugin = new MemoryPlugin(handlers);
  plugin.open();
  plugin.sent();
  const answers: unknown[] = [];
  for (const [i, part] of parts.entries()) {
    plugin.driver.receive(encodeCall(2 * i + 1, "Synchronize", encode(SynchronizeRequestSchema, part)));
    await settle();
    for (const sent of plugin.sent()) {
      const { more, update } = fromBinary(SynchronizeResponseSchema, responseOf(sent).payload);
      answers.push([sent.streamId, more, update.map((one) => one.containerId)]);
    }
  }
  return { plugin, answers };
}

const allAnswered = [
  [1, true, []],
  [3, true, []],
  [5, false, []],
];

describe("Synchronize in parts", () => {
  it("is one state, even if some parts are empty", async () => {
    const ids: string[] = [];
    const { answers, plugin } = await synchronize(
      {
        async synchronize(state) {
          for await (const item of state) ids.push(idOf(item));
          return [updateOf("c1", {})];
        },
      },
      [first, empty, last],
    );
    expect(ids).toEqual(["p1", "p2", "c1", "p3", "c2"]);
    expect(answers).toEqual([...allAnswered.slice(0, 2), [5, false, ["c1"]]]);
    expect(plugin.driver.synchronized).toBe(true);
  });

  it.each<[string, Handlers]>([
    ["there is no handler", {}],
    ["the handler does not read the state", { synchronize: () => undefined }],
    [
      "the handler reads one pod and stops",
      {
        async synchronize(state) {
          for await (const _ of state) break;
          return undefined;
        },
      },
    ],
    [
      "the handler throws",
      {
        async synchronize(state) {
          for await (const _ of state) throw new Error("no");
          return undefined;
        },
      },
    ],
  ])("gets all its answers if %s", async (_, handlers) => {
    expect((await synchronize(handlers, [first, empty, last])).answers).toEqual(allAnswered);
  });

  it("is answered when a slow handler has read the part", async () => {
    const { opened, open } = gate();
    const { answers, plugin } = await synchronize(
      {
        async synchronize(state) {
          for await (const _ of state) await opened;
          return undefined;
        },
      },
      [first],
    );
    expect(answers).toEqual([]);
    open();
    await settle();
    expect(plugin.sent()).toHaveLength(1);
  });

  it("fails for the handler when the connection is lost", async () => {
    const seen: unknown[] = [];
    const { plugin } = await synchronize(
      {
        async synchronize(state) {
          await state.collect().catch((error) => seen.push(error));
          return undefined;
        },
      },
      [first],
    );
    const lost = new NriError("disconnected", "lost");
    plugin.driver.close(lost);
    await settle();
    expect(seen).toEqual([lost]);
  });

  it("may be repeated, each time with a state of its own", async () => {
    const counts: number[] = [];
    const handlers: Handlers = {
      async synchronize(state) {
        counts.push((await state.collect()).pods.length);
        return undefined;
      },
    };
    await synchronize(handlers, [first, last, last]);
    expect(counts).toEqual([3, 1]);
  });

  it("can be iterated once", async () => {
    const ids: string[] = [];
    const again = async (state: Synchronization) => {
      for await (const item of state) ids.push(idOf(item));
    };
    await synchronize(
      {
        async synchronize(state) {
          await again(state);
          await again(state);
          return undefined;
        },
      },
      [last],
    );
    expect(ids).toEqual(["p3", "c2"]);
  });

  it("ignores fields of the wrong type", async () => {
    const ids: string[] = [];
    const plugin = new MemoryPlugin({
      async synchronize(state) {
        for await (const item of state) ids.push(idOf(item));
        return undefined;
      },
    });
    plugin.open();
    plugin.sent();
    const wrong = Buffer.from("0805" + "1007" + "1a0101", "hex"); // numbers in place of lists, bytes in place of a boolean
    const payload = Buffer.concat([wrong, encode(SynchronizeRequestSchema, last)]);
    plugin.driver.receive(encodeCall(1, "Synchronize", payload));
    await settle();
    expect(plugin.sent().map((sent) => responseOf(sent).status)).toEqual([undefined]);
    expect(ids).toEqual(["p3", "c2"]);
    expect(plugin.driver.synchronized).toBe(true);
  });

  it("needs less than 120 MB for 20,000 pods and 20,000 containers", async () => {
    const labels = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`label-${i}`, "x".repeat(60)]));
    const part = encode(SynchronizeRequestSchema, {
      pods: Array.from({ length: 1000 }, (_, i) => ({ id: `${i}`.padStart(64, "0"), labels })),
      containers: Array.from({ length: 1000 }, (_, i) => ({ id: `${i}`.padStart(64, "1"), labels })),
      more: true,
    });
    const end = encode(SynchronizeRequestSchema, {});
    let count = 0;
    let peakBytes = 0;
    const bytesHeld = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const plugin = new MemoryPlugin({
      async synchronize(state) {
        for await (const _ of state) if (++count % 2000 === 0) peakBytes = Math.max(peakBytes, bytesHeld());
        return undefined;
      },
    });
    plugin.open();
    const calls = Array.from({ length: 21 }, (_, i) =>
      encodeCall(2 * i + 1, "Synchronize", i < 20 ? part : end),
    );
    const startBytes = bytesHeld();
    for (const call of calls) {
      plugin.driver.receive(call);
      await settle();
    }
    expect(count).toBe(40_000);
    expect(plugin.driver.synchronized).toBe(true);
    // All of it decoded at once takes about 250 MB.
    expect(peakBytes - startBytes).toBeLessThan(120 << 20);
  });
});
