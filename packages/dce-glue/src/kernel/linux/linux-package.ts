import type * as linux from "@dcejs/linux";
import { ScenarioError } from "../../scenario/scenario-error.ts";

/**
 * `@dcejs/linux`, where it is installed. It is a derived work of Linux (GPL-2.0), so that nothing here contains any of
 * it: its types are known at compile time, and its code is loaded at run time if a scenario names one of its kernels.
 */
export type LinuxPackage = typeof linux;

/** How a kernel's stacks are parked: JavaScript Promise Integration, or WebAssembly's stack switching. */
export type StacksKind = "jspi" | "wasmfx";

let loading: Promise<LinuxPackage | undefined> | undefined;

/** @returns undefined when the package is not installed */
export function loadLinuxPackage(): Promise<LinuxPackage | undefined> {
  loading ??= import("@dcejs/linux").catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  return loading;
}

/**
 * For the kernels of this process from now on.
 * @throws {ScenarioError} this Node has no stack switching
 */
export async function chooseLinuxStacks(kind: StacksKind = "jspi"): Promise<void> {
  const linux = await loadLinuxPackage();
  if (linux === undefined || linux.chooseStacks(kind) === kind) return;
  throw new ScenarioError(
    `stacks "${kind}": this Node (${process.version}) cannot switch stacks; leave it out`,
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}
