import { CommandError } from "../process/command-program.ts";

/** Where in a line something is: columns from 0. */
export interface NftPlace {
  readonly line: string;
  readonly at: number;
  readonly end: number;
}

/** A command of the `nft` language failed, in nft's words: "Error: …", the line, and carets under the place. */
export class NftCommandError extends CommandError {
  override readonly name = "NftCommandError";
  /** What `nft` exits with: 1 a command that is wrong or was refused, 3 the kernel has no nf_tables. */
  readonly exitCode: 1 | 3;
  readonly errno: number;

  constructor(message: string, exitCode: 1 | 3 = 1, errno = 0) {
    super(message);
    this.exitCode = exitCode;
    this.errno = errno;
  }
}

/** An error with its place shown. */
export function errorAt(place: NftPlace, message: string, errno = 0): NftCommandError {
  return new NftCommandError(shownAt(place, message), 1, errno);
}

/** nft's way to show a place: the line, and carets under the place. */
export function shownAt({ line, at, end }: NftPlace, message: string): string {
  return `Error: ${message}\n${line}\n${" ".repeat(at)}${"^".repeat(Math.max(end - at, 1))}`;
}
