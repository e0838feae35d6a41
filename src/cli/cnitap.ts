import { processIo } from "./io.ts";
import { run } from "./run-command-line.ts";

/** The version, put here by the build; there is none when this is run from source. */
declare const BUILD: string;

const version = typeof BUILD === "undefined" ? "from source" : BUILD;

const [, program = "cnitap", ...args] = process.argv; // in the executable the name it was started by
void run(args, { version, program, env: process.env }, processIo());
