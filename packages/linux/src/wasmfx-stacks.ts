import type { KernelExports } from "./exports.ts";
import { nodeModule, v8Version } from "./node-modules.ts";
import { ENTRY_BOOT, ENTRY_CALL, ENTRY_REENTRY, ENTRY_THREAD, type Stacks } from "./stacks.ts";
import { wasmFxTrampoline } from "./wasmfx-trampoline.ts";

/** What src/wasmfx-trampoline.ts exports. */
interface Trampoline {
  readonly entries: WebAssembly.Table;
  readonly park: WebAssembly.ImportValue;
  start(entry: number, slot: number, stackTop: number, argument: number): number;
  resume(slot: number): number;
  has(slot: number): number;
  drop(slot: number): void;
  size(): number;
}

/** Older ones do not know the flag, and complain on stderr. */
const FIRST_V8 = 14;

let trampoline: WebAssembly.Module | null | undefined;

/**
 * WebAssembly's stack switching works here. In Node 26 it is an experiment of V8's behind a flag, which the first call
 * of this sets for the whole process.
 */
export function hasWasmFx(): boolean {
  return trampolineModule() !== null;
}

function trampolineModule(): WebAssembly.Module | null {
  if (trampoline !== undefined) return trampoline;
  const bytes = wasmFxTrampoline();
  if (v8Version() >= FIRST_V8 && !WebAssembly.validate(bytes)) {
    nodeModule("node:v8")?.setFlagsFromString("--experimental-wasm-wasmfx");
  }
  try {
    trampoline = new WebAssembly.Module(bytes);
  } catch {
    // Not this engine: there is JSPI.
    trampoline = null;
  }
  return trampoline;
}

/** Stacks on WebAssembly's stack switching: everything happens inside the call that asks for it. */
export class WasmFxStacks implements Stacks {
  readonly kind = "wasmfx";
  readonly park: WebAssembly.ImportValue;
  readonly #trampoline: Trampoline;

  /** @throws {TypeError} this JavaScript engine has no stack switching */
  constructor() {
    const module = trampolineModule();
    if (module === null) throw new TypeError("this JavaScript engine has no stack switching");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the module is ours
    this.#trampoline = new WebAssembly.Instance(module).exports as unknown as Trampoline;
    this.park = this.#trampoline.park;
  }

  attach(exports: KernelExports): void {
    const { entries } = this.#trampoline;
    entries.set(ENTRY_BOOT, exports.wasm_boot_entry);
    entries.set(ENTRY_THREAD, exports.wasm_thread_entry);
    entries.set(ENTRY_REENTRY, exports.wasm_thread_reentry);
    entries.set(ENTRY_CALL, exports.wasm_call_entry);
  }

  has(slot: number): boolean {
    return this.#trampoline.has(slot) !== 0;
  }

  start(entry: number, slot: number, stackTop: number, argument: number): number {
    return this.#trampoline.start(entry, slot, stackTop, argument);
  }

  resume(slot: number): number {
    return this.#trampoline.resume(slot);
  }

  destroy(): void {
    const slots = this.#trampoline.size();
    for (let slot = 0; slot < slots; slot++) this.#trampoline.drop(slot);
  }
}
