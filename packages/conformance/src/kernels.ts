import { kernelProviderNames, loadKernelProviders } from "@dcejs/dce-glue";

/** The columns of the report. */
export const KERNELS: readonly string[] = ["emulated", "linux-6.1", "linux-6.12", "linux-7.3"];

/** What the report says of a kernel that has never run here. */
export const NOT_BUILT = "not built";

/** Those of {@link KERNELS} that can run here, in their order. */
export async function availableKernels(): Promise<string[]> {
  await loadKernelProviders();
  const registered = kernelProviderNames();
  return KERNELS.filter((name) => registered.includes(name));
}
