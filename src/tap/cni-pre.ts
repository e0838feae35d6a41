import type { Host } from "../native/native.ts";
import { run } from "./run.ts";

declare const host: Host;

run("pre", host);
