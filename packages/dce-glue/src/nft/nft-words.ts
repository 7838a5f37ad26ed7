import { errorAt, type NftCommandError, type NftPlace } from "./nft-command-error.ts";

/** One token of the language. */
export interface NftWord {
  readonly kind: "word" | "string" | "mark" | "newline" | "end";
  /** Without the quotes of a string. */
  readonly text: string;
  readonly place: NftPlace;
}

const TOKEN = /"([^"\n]*)"|!=|==|<=|>=|[{};,()=<>|&\n]|#[^\n]*|[^\s"{};,()=<>|&!#]+|\S/g;

/** Splits the text of one or more commands; comments go, and the last token is the end. */
function tokenize(text: string): NftWord[] {
  const words: NftWord[] = [];
  let line = "";
  let lineStart = -1;
  const enterLine = (index: number): void => {
    lineStart = index;
    const end = text.indexOf("\n", index);
    line = text.slice(index, end < 0 ? text.length : end);
  };
  enterLine(0);
  for (const match of text.matchAll(TOKEN)) {
    const [token, quoted] = match;
    const at = match.index - lineStart;
    const place = { line, at, end: at + token.length };
    if (token === "\n") {
      words.push({ kind: "newline", text: token, place: { line, at, end: at + 1 } });
      enterLine(match.index + 1);
    } else if (quoted !== undefined) words.push({ kind: "string", text: quoted, place });
    else if (!token.startsWith("#")) words.push({ kind: kindOf(token), text: token, place });
  }
  const at = text.length - lineStart;
  words.push({ kind: "end", text: "", place: { line, at, end: at + 1 } });
  return words;
}

function kindOf(token: string): NftWord["kind"] {
  return /^([{};,()=<>|&]|[!=<>]=)$/.test(token) ? "mark" : "word";
}

/** The tokens of a source, taken from the front. */
export class NftWords {
  readonly #words: readonly NftWord[];
  #at = 0;

  constructor(source: string | readonly NftWord[]) {
    this.#words = typeof source === "string" ? tokenize(source) : source;
  }

  get isAtEnd(): boolean {
    return this.peek().kind === "end";
  }

  /** Whether a command ends here: at a newline, `;`, `}` or the end. */
  get isAtStop(): boolean {
    const { kind, text } = this.peek();
    return kind === "newline" || kind === "end" || (kind === "mark" && /^[;}]$/.test(text));
  }

  /** The token after `ahead` others, which stay. */
  peek(ahead = 0): NftWord {
    const word = this.#words[Math.min(this.#at + ahead, this.#words.length - 1)];
    if (word === undefined) throw new Error("a source has an end");
    return word;
  }

  take(): NftWord {
    const word = this.peek();
    if (word.kind !== "end") this.#at++;
    return word;
  }

  /** Takes the next token if it is this one. */
  accept(text: string): NftWord | undefined {
    const { kind, text: next } = this.peek();
    return next === text && kind !== "string" && kind !== "end" ? this.take() : undefined;
  }

  expect(text: string): NftWord {
    const word = this.accept(text);
    if (word === undefined) throw this.unexpected(isMark(text) ? `'${text}'` : text);
    return word;
  }

  /** A name, a number or a value that is written as one word. */
  expectWord(what?: string): NftWord {
    if (this.peek().kind !== "word") throw this.unexpected(what);
    return this.take();
  }

  /** A word or a text in quotes. */
  expectString(): NftWord {
    const { kind } = this.peek();
    if (kind !== "word" && kind !== "string") throw this.unexpected("string");
    return this.take();
  }

  /** Takes `{ … }` as it is, for later. */
  takeBraces(): NftWord[] {
    const taken = [this.expect("{")];
    while (taken.at(-1)?.text !== "}") {
      if (this.isAtEnd) throw this.unexpected();
      taken.push(this.take());
    }
    return taken;
  }

  skipStops(): void {
    while (this.peek().kind === "newline" || this.accept(";") !== undefined) {
      if (this.peek().kind === "newline") this.take();
    }
  }

  /** From one place to what was taken last, as far as both are in one line. */
  since({ place }: NftWord): NftPlace {
    const last = this.#words[this.#at - 1]?.place ?? place;
    return last.line === place.line
      ? { ...place, end: Math.max(last.end, place.end) }
      : { ...place, end: place.line.length };
  }

  /** "syntax error, unexpected …" at the next token. */
  unexpected(expected?: string): NftCommandError {
    const { kind, text, place } = this.peek();
    const what =
      kind === "newline" || kind === "end"
        ? "newline"
        : kind === "mark"
          ? `'${text}'`
          : kind === "string"
            ? "quoted string"
            : /^\d+$/.test(text)
              ? "number"
              : "string";
    const tail = expected === undefined ? "" : `, expecting ${expected}`;
    return errorAt(place, `syntax error, unexpected ${what}${tail}`);
  }
}

function isMark(text: string): boolean {
  return kindOf(text) === "mark";
}
