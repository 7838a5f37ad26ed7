import { Errno } from "@dcejs/lkl-kernel";
import type { DceHandle } from "../dce-handle.ts";
import { errorText } from "../error-text.ts";
import type { KernelHandle } from "../kernel-handle.ts";
import type { DceKernel } from "../kernel-objects.ts";
import { LKL_HELPER_NAMES } from "../handle-fields.ts";
import type { LklHelpers } from "../lkl-helpers.ts";

const encoder = new TextEncoder();

/** The dce_lkl_* part of real Linux's KernelHandle. */
export function linuxLkl(
  handle: () => KernelHandle,
  imported: DceHandle,
  dce: DceKernel,
): LklHelpers {
  const absent: Partial<Record<keyof LklHelpers, () => number>> = {};
  for (const name of LKL_HELPER_NAMES) absent[name] = () => -Errno.ENOSYS;
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every name was given its answer
    ...(absent as unknown as LklHelpers),
    dce_lkl_sysctl: (path, value) => {
      const file = handle().sys_file_find(path.replaceAll(".", "/"));
      if (file === undefined) return -Errno.ENOENT;
      const bytes = encoder.encode(value);
      return Math.min(0, handle().sys_file_write(file, bytes, bytes.length, 0));
    },
    dce_lkl_sysctl_get: (path, buffer) => {
      const file = handle().sys_file_find(path.replaceAll(".", "/"));
      if (file === undefined) return -Errno.ENOENT;
      return handle().sys_file_read(file, buffer, buffer.length, 0);
    },
    // The simulator counts descriptors, not the kernel.
    dce_lkl_set_fd_limit: () => 0,
    dce_lkl_strerror: errorText,
    dce_lkl_perror: (message, error) => {
      imported.vprintf(dce, `${message}: ${errorText(error)}\n`);
    },
  };
}
