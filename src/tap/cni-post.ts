import type { Host } from "../native/native.ts";
import type { Rare } from "./rare.ts";
import { run } from "./run.ts";

/** `rare` reads the second script of the executable, made from rare.ts. */
declare const host: Host & { rare(): Rare };

run("post", host, () => host.rare());
