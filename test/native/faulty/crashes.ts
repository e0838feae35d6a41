import type { Host } from "../../../src/native/host.ts";

declare const host: Host & { raise(signal: number): void };

Object.assign(globalThis, { start: () => host.raise(Number(host.env("TAP_TEST_SIGNAL"))) });
