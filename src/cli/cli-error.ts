/** A failure of a command. The second line of the message, if any, is a hint. */
export class CliError extends Error {
  override name = "CliError";
}

/** An invalid command line. */
export class UsageError extends CliError {
  override name = "UsageError";
}
