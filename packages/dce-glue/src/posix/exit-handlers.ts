import type { Process } from "../process/process.ts";

/** Functions of atexit(), the last one first; one that they add runs next. */
export async function runExitHandlers(process: Process): Promise<void> {
  for (;;) {
    const handler = process.exitHandlers.pop();
    if (handler === undefined) return;
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the meaning
    await handler();
  }
}
