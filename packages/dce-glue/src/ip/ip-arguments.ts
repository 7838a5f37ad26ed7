import { IpCommandError } from "./ip-command-error.ts";

/** The words of one command, taken from the front, with iproute2's way of reading them. */
export class IpArguments {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The next word, which stays. */
  peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** Takes the next word. @throws {IpCommandError} there is none */
  take(): string {
    const word = this.#words[this.#at++];
    if (word === undefined) {
      throw new IpCommandError('Command line is not complete. Try option "help"', 255);
    }
    return word;
  }
}

/** iproute2's `matches()`: `word` is a beginning of `keyword`. */
export function isShortFor(word: string, keyword: string): boolean {
  return word.length > 0 && keyword.startsWith(word);
}

/** Whether `word` is a beginning of one of the keywords. */
export function isShortForAny(word: string, ...keywords: readonly string[]): boolean {
  return keywords.some((keyword) => keyword.startsWith(word)) && word.length > 0;
}

/**
 * The first name in `table` that `word` is short for; the order decides between two, as in
 * iproute2: `ip route del` is "delete", `ip a` is "address".
 */
export function lookUp<T>(word: string, table: readonly (readonly [string, T])[]): T | undefined {
  return table.find(([keyword]) => isShortFor(word, keyword))?.[1];
}

/** iproute2's `invarg()`. */
export function invalidArgument(message: string, word: string): IpCommandError {
  return new IpCommandError(`Error: argument "${word}" is wrong: ${message}`, 255);
}

/** iproute2's `duparg2()`: a second value, or a word that nothing wants. */
export function garbage(keyword: string, word: string): IpCommandError {
  return new IpCommandError(
    `Error: either "${keyword}" is duplicate, or "${word}" is a garbage.`,
    255,
  );
}

/** An unsigned number, decimal or 0x…, as strtoul with base 0 reads it. */
export function unsignedArgument(word: string, message: string, max = 0xffffffff): number {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(word)) throw invalidArgument(message, word);
  const octal = /^0[0-7]+$/.test(word);
  const value = octal ? Number.parseInt(word, 8) : Number(word);
  if (!Number.isSafeInteger(value) || value > max) throw invalidArgument(message, word);
  return value;
}
