import { processIo } from "./io.ts";
import { run } from "./run.ts";

/** The version, put here by the build; there is none when this is run from source. */
declare const BUILD: string;

const version = typeof BUILD === "undefined" ? "from source" : BUILD;

void run(process.argv.slice(2), version, processIo());
