import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventNames } from "../../src/nri/events.ts";
import type { Handlers } from "../../src/nri/handlers.ts";
import { howOften } from "../support/soak.ts";
import { registered } from "./support/calls.ts";
import { MemoryPlugin, settle } from "./support/memory-plugin.ts";
import { streams } from "./support/streams.ts";

describe("garbage that the runtime sends", () => {
  it("random bytes end the session or leave it waiting for more", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), async (chunks) => {
        const plugin = new MemoryPlugin({});
        plugin.open();
        plugin.driver.receive(registered);
        for (const chunk of chunks) plugin.driver.receive(chunk);
        expect([undefined, "protocol"]).toContain(plugin.end?.code);
      }),
      { numRuns: howOften(300, 15_000) },
    );
  });

  it("changed bytes of real sessions are answered or end the session", async () => {
    const places = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    const all: Handlers = Object.fromEntries(eventNames.map((name) => [name, () => undefined]));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...streams), places, async ({ toPlugin }, changes) => {
        const bytes = Uint8Array.from(toPlugin);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const plugin = new MemoryPlugin({
          ...all,
          async synchronize(state) {
            await state.collect();
            return undefined;
          },
        });
        plugin.open();
        plugin.driver.receive(bytes);
        await settle();
        expect([undefined, "protocol", "registration"]).toContain(plugin.end?.code);
        plugin.sent();
      }),
      { numRuns: howOften(1000, 50_000) },
    );
  });
});
