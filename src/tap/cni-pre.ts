import type { Host } from "../native/host.ts";
import { run } from "./run-tap.ts";

declare const host: Host;

/** What the executable calls; its exit code. */
Object.assign(globalThis, { start: () => run("pre", host) });
