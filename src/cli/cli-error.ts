/** A command that cannot do what it was asked for; a hint is the message's second line. */
export class CliError extends Error {
  override name = "CliError";
}

/** A command line that asks for what there is not. */
export class UsageError extends CliError {
  override name = "UsageError";
}
