import { type HostImports, type KernelExports, kernelExports } from "./exports.ts";
import type { Stacks } from "./stacks.ts";

/** Octets in a page of WebAssembly memory. */
export const WASM_PAGE_SIZE = 65_536;
/** Nothing may be here: what code reads through a null pointer is a pointer that traps. */
const POISON = 0xdead_beef;
const POISON_WORDS = 1024;

// struct wasm_machine of arch/wasm/include/asm/host.h, in 32-bit words.
const NOW = 0;
const DEADLINE = 2;
const WALL = 4;
const NEXT_SLOT = 6;
const NEXT_SP = 7;
const NEXT_ARG = 8;
const OUT = 9;
const HAS_ENDED = 10;
const SEED_OFFSET = 44;
export const SEED_OCTETS = 32;

const TWO_TO_32 = 2 ** 32;
const NEVER_WORD = 0xffff_ffff;
const COMMAND_LINE_MAX = 511;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * One kernel's WebAssembly instance and its memory, with the words that both sides share. What it is
 * made to do is the business of {@link Cpu}.
 */
export class Machine {
  readonly memory: WebAssembly.Memory;
  readonly exports: KernelExports;
  /** Views of the whole memory, which never grows. */
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly view: DataView;
  /** Index in `u32` of struct wasm_machine. */
  readonly #words: number;
  readonly #address: number;

  /** @param octets size of the memory, a multiple of WASM_PAGE_SIZE */
  constructor(module: WebAssembly.Module, octets: number, stacks: Stacks, host: HostImports) {
    const pages = octets / WASM_PAGE_SIZE;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(module, {
      env: { memory: this.memory },
      host: { ...host, park: stacks.park },
    });
    this.exports = kernelExports(instance.exports);
    this.u8 = new Uint8Array(this.memory.buffer);
    this.u32 = new Uint32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.#address = this.exports.wasm_machine_address();
    this.#words = this.#address >>> 2;
    this.u32.fill(POISON, 0, POISON_WORDS);
  }

  /** Nothing has been written through a null pointer. */
  get isZeroPageIntact(): boolean {
    for (let word = 0; word < POISON_WORDS; word++) {
      if (this.u32[word] !== POISON) return false;
    }
    return true;
  }

  /** @param ns an integer below 2^53 */
  setNow(ns: number): void {
    this.#setWide(NOW, ns);
  }

  /** When the timer interrupt is due, ns; Infinity: never. */
  get deadline(): number {
    const low = this.#word(DEADLINE);
    const high = this.#word(DEADLINE + 1);
    if (high === NEVER_WORD && low === NEVER_WORD) return Infinity;
    return high * TWO_TO_32 + low;
  }

  clearDeadline(): void {
    this.u32[this.#words + DEADLINE] = NEVER_WORD;
    this.u32[this.#words + DEADLINE + 1] = NEVER_WORD;
  }

  /** Nanoseconds since 1970 at time 0. */
  setWallClock(ns: number): void {
    this.#setWide(WALL, ns);
  }

  get nextSlot(): number {
    return this.#word(NEXT_SLOT);
  }

  get nextStackTop(): number {
    return this.#word(NEXT_SP);
  }

  get nextArgument(): number {
    return this.#word(NEXT_ARG);
  }

  /** The second result of the last call that has one. */
  get out(): number {
    return this.#word(OUT);
  }

  /** Whether a stack has run to its end since this was asked last. */
  takeEnd(): boolean {
    const index = this.#words + HAS_ENDED;
    if (this.u32[index] === 0) return false;
    this.u32[index] = 0;
    return true;
  }

  /** @param seed 32 octets */
  setSeed(seed: Uint8Array): void {
    this.u8.set(seed.subarray(0, SEED_OCTETS), this.#address + SEED_OFFSET);
  }

  /** @throws {RangeError} longer than the kernel takes */
  setCommandLine(text: string): void {
    const bytes = encoder.encode(text);
    if (bytes.length > COMMAND_LINE_MAX) {
      throw new RangeError(
        `the kernel's command line has ${bytes.length} octets, not ≤ ${COMMAND_LINE_MAX}`,
      );
    }
    const address = this.exports.wasm_command_line_address();
    this.u8.set(bytes, address);
    this.u8[address + bytes.length] = 0;
  }

  text(address: number, length: number): string {
    return decoder.decode(this.u8.subarray(address, address + length));
  }

  #word(index: number): number {
    return this.u32[this.#words + index] ?? 0;
  }

  #setWide(index: number, value: number): void {
    const high = Math.floor(value / TWO_TO_32);
    this.u32[this.#words + index] = value - high * TWO_TO_32;
    this.u32[this.#words + index + 1] = high;
  }
}
