import {
  hasJspi,
  hasWasmFx,
  type LinuxImage,
  linuxImages,
  makeStacks,
  type Stacks,
  type StacksKind,
} from "../../src/index.ts";

/** The kernel that is tested: linux-6.12, or DCEJS_TEST_LINUX. */
const NAME = process.env["DCEJS_TEST_LINUX"] ?? "linux-6.12";

export const image: LinuxImage | undefined = linuxImages(
  process.env["DCEJS_TEST_LINUX_FOLDER"],
).find((candidate) => candidate.name === NAME);

/** Why there is nothing to test; undefined: there is. */
export const whySkipped: string | undefined = !hasJspi()
  ? "this Node.js has no JSPI"
  : image === undefined
    ? `${NAME} is not built: npm run linux`
    : undefined;

export const backEnds: readonly StacksKind[] = hasWasmFx() ? ["jspi", "wasmfx"] : ["jspi"];

/** @throws {Error} none is built: guard the test by whySkipped */
export function kernelModule(): WebAssembly.Module {
  if (image === undefined) throw new Error("no kernel is built");
  return image.module;
}

export function stacksOf(kind: StacksKind): Stacks {
  return makeStacks(kind);
}
