/** What was thrown, as text: the stack of an error, anything else as well as it can be shown. Never throws. */
export function thrownText(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.stack ?? thrown.message;
    if (typeof thrown === "string") return thrown;
    // undefined where JSON has no word for it: a symbol, a function.
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return nameOfKind(thrown);
  }
}

/** For a BigInt, a cycle, an object whose properties throw. */
function nameOfKind(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return `${typeof thrown} that has no text`;
  }
}
