/** The command line, or the file it names, is wrong. The message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
