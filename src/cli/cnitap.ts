import { MachineError } from "../machine/machine-error.ts";
import { EXIT, escapeForTerminal, processIo } from "./io.ts";
import { becomeObserver, observerArguments } from "./observe/become-observer.ts";
import { run } from "./run-command-line.ts";

/** The version, set by the build; undefined when run from source. */
declare const BUILD: string;

const version = typeof BUILD === "undefined" ? "from source" : BUILD;

// In the executable, the second element is the name that it was started with.
const [, program = "cnitap", ...args] = process.argv;
const observer = observerArguments(args, program, process.env);
// The observer first: Node.js changes a pipe on standard output when it is first looked at, for all who have it.
if (observer) startObserver(observer);
else void run(args, { version, program }, processIo());

function startObserver(own: readonly string[]): void {
  try {
    becomeObserver(own, program, process.env);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    process.stderr.write(`cnitap: ${escapeForTerminal(error.message)}\n`);
    process.exitCode = EXIT.failed;
  }
}
