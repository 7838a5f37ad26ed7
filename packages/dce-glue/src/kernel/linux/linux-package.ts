import type * as linux from "@dcejs/linux";

/**
 * `@dcejs/linux`, where it is installed. It is a derived work of Linux (GPL-2.0), so that nothing here contains any of
 * it: its types are known at compile time, and its code is loaded at run time if a scenario names one of its kernels.
 */
export type LinuxPackage = typeof linux;

let loading: Promise<LinuxPackage | undefined> | undefined;

/** @returns undefined when the package is not installed */
export function loadLinuxPackage(): Promise<LinuxPackage | undefined> {
  loading ??= import("@dcejs/linux").catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  return loading;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}
