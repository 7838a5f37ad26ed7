import { clearLine, cursorTo } from "node:readline";

/** How often the line is drawn, in milliseconds. */
const REDRAW_MS = 100;
/** Without a terminal a line is printed at each so many files. */
const FILES_PER_LINE = 200;

/** Tells how far a build is: one line that changes on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  #drawnMs = 0;
  #isDrawn = false;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  /** Something begins or ends: a line that stays. */
  step(text: string): void {
    this.#erase();
    this.#out.write(`${text}\n`);
  }

  /** So many files are compiled. */
  count(files: number, current: string): void {
    if (!this.#out.isTTY) {
      if (files % FILES_PER_LINE === 0) this.#out.write(`  ${files} files compiled\n`);
      return;
    }
    const nowMs = performance.now();
    if (nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#erase();
    const text = `  ${files} files compiled  ${current}`;
    this.#out.write(text.slice(0, Math.max(this.#out.columns - 1, 20)));
    this.#isDrawn = true;
  }

  #erase(): void {
    if (!this.#isDrawn) return;
    clearLine(this.#out, 0);
    cursorTo(this.#out, 0);
    this.#isDrawn = false;
  }
}
