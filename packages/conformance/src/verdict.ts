/** What became of one test on one kernel. */
export type Verdict =
  | { readonly kind: "ok" }
  | { readonly kind: "FAIL"; readonly message: string }
  /** The kernel lacks what the test is about. */
  | { readonly kind: "n/a"; readonly reason: string }
  /** It fails as the test's `differences` say it does. */
  | { readonly kind: "differs"; readonly reason: string; readonly message: string };

/** Thrown by a test: the kernel did something else than was expected. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/** Thrown by a test, or by what it asks of the kernel: there is nothing to be tested. */
export class NotApplicable extends Error {
  override readonly name = "NotApplicable";
}
