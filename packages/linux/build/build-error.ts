/** Why a kernel could not be built. The message is for a person; `detail` is the end of a log, when there is one. */
export class BuildError extends Error {
  override readonly name = "BuildError";
  readonly detail: string;

  constructor(message: string, detail = "") {
    super(message);
    this.detail = detail;
  }
}

/** The command line is wrong. The message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
