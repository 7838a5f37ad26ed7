import { hasWasmFx } from "@dcejs/linux";
import { kernelProviderNames, loadKernelProviders } from "../../../src/kernel/kernel-provider.ts";
import type { StacksKind } from "../../../src/kernel/linux/linux-package.ts";

/** The releases that every test here runs on. */
export const RELEASES: readonly string[] = ["linux-6.1", "linux-6.12", "linux-7.3"];
/** The release for what does not depend on it. */
const USUAL = "linux-6.12";

await loadKernelProviders();
const built = kernelProviderNames();

export const missing: readonly string[] = RELEASES.filter((name) => !built.includes(name));

export interface LinuxCase {
  readonly kernel: string;
  readonly stacks: StacksKind;
}

/** Each release that is built: `test.skipIf(noReleases).for(onReleases)("… ($kernel)", …)`. */
export const onReleases: readonly LinuxCase[] = casesOf(RELEASES, ["jspi"]);
export const noReleases: boolean = missing.length === RELEASES.length;

/** Both back ends of one release, WasmFX where V8 has it, for what depends on how stacks are parked. */
export const onBackEnds: readonly LinuxCase[] = casesOf(
  [USUAL],
  hasWasmFx() ? ["jspi", "wasmfx"] : ["jspi"],
);
export const noUsual: boolean = missing.includes(USUAL);

/** One release on one back end. */
export const onUsual: readonly LinuxCase[] = casesOf([USUAL], ["jspi"]);

/** Without any a test has its one case all the same, so that it is seen to be skipped. */
function casesOf(kernels: readonly string[], kinds: readonly StacksKind[]): LinuxCase[] {
  const here = kernels.filter((name) => built.includes(name));
  const named = here.length > 0 ? here : kernels.slice(0, 1);
  return named.flatMap((kernel) => kinds.map((stacks) => ({ kernel, stacks })));
}
