import { NoJspiError } from "./errors.ts";
import { hasJspi, JspiStacks } from "./jspi-stacks.ts";
import type { Stacks } from "./stacks.ts";
import { hasWasmFx, WasmFxStacks } from "./wasmfx-stacks.ts";

export type StacksKind = Stacks["kind"];

let chosen: StacksKind = "jspi";

/**
 * Chooses how the kernels of this process park their stacks from now on. What a kernel does is the same either way.
 * @returns what it is now: "jspi" where this engine has no stack switching
 */
export function chooseStacks(kind: StacksKind): StacksKind {
  chosen = kind === "wasmfx" && hasWasmFx() ? "wasmfx" : "jspi";
  return chosen;
}

/**
 * The stacks of one kernel.
 * @param kind @default what chooseStacks() was asked for, else "jspi"
 * @throws {NoJspiError} this engine cannot park WebAssembly stacks
 */
export function makeStacks(kind: StacksKind = chosen): Stacks {
  if (kind === "wasmfx") return new WasmFxStacks();
  if (!hasJspi()) throw new NoJspiError();
  return new JspiStacks();
}
