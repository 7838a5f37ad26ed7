import { kernelProviderNames, loadKernelProviders } from "@dcejs/dce-glue";

/** Kernels that every example runs on. */
export const KERNELS = ["emulated", "linux-6.1", "linux-6.12", "linux-7.3"] as const;
/** Has what distributions have: MPTCP, SCTP, nftables. */
export const FULL_KERNEL = "linux-6.12-full";

await loadKernelProviders();
const built = new Set(kernelProviderNames());
const missing = [...KERNELS, FULL_KERNEL].filter((kernel) => !built.has(kernel));
const said = new Set<string>();

/** For `test.skipIf`: whether one of these kernels is not built here. Says so once; the summary counts the tests. */
export function isMissing(...kernels: readonly string[]): boolean {
  const wanted = kernels.filter((kernel) => missing.includes(kernel));
  for (const kernel of wanted) {
    if (said.has(kernel)) continue;
    said.add(kernel);
    console.warn(`${kernel} is not built ("npm run linux"): the tests that run on it are skipped`);
  }
  return wanted.length > 0;
}
