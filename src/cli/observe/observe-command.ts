import { Command } from "commander";

/** The place of `observe` in the list of commands. Its command line is the observer's (become-observer.ts). */
export function observeCommand(): Command {
  return new Command("observe")
    .description("Watch the pods of this node's runtime through NRI, and log them beside the taps' lines.")
    .usage("[options]");
}
