import { setImmediate as nextHostTurn } from "node:timers/promises";
import { formatDuration, type Simulator } from "@dcejs/core-sched";
import ora from "ora";
import { wallClockMs } from "./wall-clock.ts";

/** How often the line is drawn, in host milliseconds. */
const REDRAW_MS = 100;

/** A line that tells how far a run is: virtual time, its speed against the host's clock, and events. */
export class ProgressLine {
  readonly #spinner: ReturnType<typeof ora>;
  readonly #name: string;
  readonly #startedMs: number = wallClockMs();
  #drawnMs = 0;

  constructor(name: string) {
    this.#name = name;
    this.#spinner = ora({ text: name, stream: process.stderr, discardStdin: false }).start();
  }

  /** Called by the simulator every few thousand events; lets the host breathe when it draws. */
  readonly update = async (simulator: Simulator): Promise<void> => {
    const nowMs = wallClockMs();
    if (nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    const hostSeconds = Math.max(nowMs - this.#startedMs, 1) / 1000;
    const speed = simulator.now / 1e9 / hostSeconds;
    const eventRate = simulator.eventCount / hostSeconds;
    this.#spinner.text = `${this.#name}  ${formatDuration(simulator.now)} virtual  ${speed.toFixed(1)}× real time  ${(eventRate / 1000).toFixed(0)}k events/s`;
    await nextHostTurn();
  };

  stop(): void {
    this.#spinner.stop();
  }
}
