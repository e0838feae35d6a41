import { processIo } from "./io.ts";
import { run } from "./run-command-line.ts";

/** The version, set by the build; undefined when run from source. */
declare const BUILD: string;

const version = typeof BUILD === "undefined" ? "from source" : BUILD;

// In the executable, the second element is the name that it was started with.
const [, program = "cnitap", ...args] = process.argv;
void run(args, { version, program, env: process.env }, processIo());
