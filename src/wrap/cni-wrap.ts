import type { WrapHost } from "../native/wrap-host.ts";
import { runWrap } from "./run-wrap.ts";

declare const host: WrapHost;

/** What the executable calls; its exit code. */
Object.assign(globalThis, { start: () => runWrap(host) });
