import { kernelProviderNames } from "@dcejs/dce-glue";

/** The columns of the report. */
export const KERNELS: readonly string[] = ["emulated", "linux-6.1", "linux-6.12", "linux-7.3"];

/** Loading it registers the real kernels that have been built. */
const OPTIONAL_PACKAGE: string = "@dcejs/linux";

/** Why a kernel has no results here. */
export const NOT_BUILT = "not built";

/** Those of {@link KERNELS} that can run here, in their order. */
export async function availableKernels(): Promise<string[]> {
  try {
    await import(OPTIONAL_PACKAGE);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const registered = kernelProviderNames();
  return KERNELS.filter((name) => registered.includes(name));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}
