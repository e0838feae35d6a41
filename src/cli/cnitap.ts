import { CommanderError } from "commander";
import { createProgram } from "./program.ts";

/** The version, put here by the build. */
declare const BUILD: string;

const USAGE_ERROR = 2;

async function main(): Promise<void> {
  const program = createProgram(BUILD);
  try {
    await program.parseAsync();
    if (process.argv.length <= 2) program.outputHelp();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  }
}

main();
