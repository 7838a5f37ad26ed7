import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { NR_IRQS } from "./limits.ts";

/** One interrupt line. */
interface IrqLine {
  name: string;
  handler: ((irq: number) => void) | undefined;
  /** How often the handler ran. */
  handled: number;
  /** Triggers that found the line pending already and were merged with it. */
  coalesced: number;
}

/** A row of /proc/interrupts. */
export interface IrqStatistics {
  readonly irq: number;
  readonly name: string;
  readonly handled: number;
  readonly coalesced: number;
}

/** Interrupt lines of one kernel: arch/lkl/kernel/irq.c. */
export class IrqController {
  readonly #kernel: LklKernel;
  readonly #lines: (IrqLine | undefined)[] = [];
  /** Bit n of word w: line 32w + n is pending. Bit w of the index: word w is not zero. */
  readonly #status: number[] = [];
  #index = 0;
  /** Interrupts that no handler wanted. */
  spurious = 0;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** The first free line. @returns its number, at least 1, or -EBUSY */
  getFree(name: string): number {
    for (let irq = 1; irq < NR_IRQS; irq++) {
      if (this.#lines[irq] !== undefined) continue;
      this.#lines[irq] = { name, handler: undefined, handled: 0, coalesced: 0 };
      return irq;
    }
    return -Errno.EBUSY;
  }

  putFree(irq: number, name: string): void {
    const line = this.#lines[irq];
    if (line === undefined || line.name !== name) {
      this.#kernel.printk(
        4,
        `lkl_put_irq: irq ${irq} belongs to ${line?.name ?? "nobody"}, not ${name}`,
      );
      return;
    }
    this.#lines[irq] = undefined;
    this.#clearPending(irq);
  }

  request(irq: number, name: string, handler: (irq: number) => void): number {
    if (irq <= 0 || irq >= NR_IRQS) return -Errno.EINVAL;
    const line = (this.#lines[irq] ??= { name, handler: undefined, handled: 0, coalesced: 0 });
    if (line.handler !== undefined) return -Errno.EBUSY;
    line.handler = handler;
    return 0;
  }

  free(irq: number): void {
    const line = this.#lines[irq];
    if (line !== undefined) line.handler = undefined;
  }

  /**
   * lkl_trigger_irq, from any host thread and from the event loop. With the cpu free the handler
   * runs now, on the caller's stack, softirqs after it; else when the owner leaves the kernel,
   * sleeps or unmasks interrupts.
   * @returns 1 it has run, 0 it is pending, -EINVAL no such line, other negative: shut down
   */
  trigger(irq: number): number {
    // LKL compares with >, which lets NR_IRQS through.
    if (irq <= 0 || irq >= NR_IRQS || !Number.isInteger(irq)) return -Errno.EINVAL;
    const kernel = this.#kernel;
    const { cpu } = kernel;
    const result = cpu.tryRunIrq(irq);
    if (result <= 0) return result;
    // Entered from host code: then current is not running kernel code, and its mask means nothing.
    const isNested = cpu.count > 1;
    const isMasked = isNested && (kernel.current.irqsDisabled || kernel.in_hardirq());
    if (isMasked) this.setPending(irq);
    // Raised by kernel code itself, on its own stack: its softirqs wait until that code is done.
    else this.#run(irq, !isNested);
    cpu.put();
    return isMasked ? 0 : 1;
  }

  setPending(irq: number): void {
    const word = irq >> 5;
    const bit = 1 << (irq & 31);
    const status = this.#status[word] ?? 0;
    if ((status & bit) !== 0) {
      const line = this.#lines[irq];
      if (line !== undefined) line.coalesced++;
    }
    this.#status[word] = status | bit;
    this.#index |= 1 << word;
    this.#kernel.cpu.irqs_pending = true;
    this.#kernel.setup.wakeBootIdle();
  }

  /** run_irqs: every pending line once, the lowest first. */
  runPending(): void {
    this.#kernel.cpu.irqs_pending = false;
    let index = this.#index;
    this.#index = 0;
    for (; index !== 0; index &= index - 1) {
      const word = lowestBit(index);
      let status = this.#status[word] ?? 0;
      this.#status[word] = 0;
      for (; status !== 0; status &= status - 1) this.#run(word * 32 + lowestBit(status), true);
    }
  }

  statistics(): IrqStatistics[] {
    return this.#lines.flatMap((line, irq) =>
      line === undefined
        ? []
        : [{ irq, name: line.name, handled: line.handled, coalesced: line.coalesced }],
    );
  }

  /** run_irq: the handler with interrupts masked, then the softirqs that it raised. */
  #run(irq: number, withSoftirqs: boolean): void {
    const kernel = this.#kernel;
    const { current } = kernel;
    const wereDisabled = current.irqsDisabled;
    const tracepoint = kernel.tracepoints.irq_handler_entry;
    current.irqsDisabled = true;
    kernel.softirq.irqEnter();
    const line = this.#lines[irq];
    if (tracepoint.isEnabled) tracepoint.emit(irq, line?.name ?? "");
    if (line?.handler === undefined) this.spurious++;
    else {
      line.handled++;
      line.handler(irq);
    }
    // Softirqs run with interrupts unmasked.
    current.irqsDisabled = wereDisabled;
    kernel.softirq.irqExit(withSoftirqs);
  }

  #clearPending(irq: number): void {
    const word = irq >> 5;
    this.#status[word] = (this.#status[word] ?? 0) & ~(1 << (irq & 31));
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
