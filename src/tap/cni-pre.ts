import type { Host } from "../native/host.ts";
import type { Deferred } from "./deferred.ts";
import { run } from "./run-tap.ts";

/** `deferred` reads the second script of the executable, made from deferred.ts. */
declare const host: Host & { deferred(): Deferred };

run("pre", host, () => host.deferred());
