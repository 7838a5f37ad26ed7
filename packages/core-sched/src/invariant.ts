/** A rule of our own code was broken: a bug in this project, never something an application may cause. */
export class InvariantError extends Error {
  override readonly name: string = "InvariantError";
}

/** Throws InvariantError unless `condition` holds. `message` says what had to be true. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
