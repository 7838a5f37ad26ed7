import type { TaskManager } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import type { DceHandle } from "../dce-handle.ts";
import { errorText } from "../error-text.ts";
import { LKL_HELPER_NAMES } from "../handle-fields.ts";
import type { KernelHandle } from "../kernel-handle.ts";
import type { DceKernel } from "../kernel-objects.ts";
import type { LklHelpers } from "../lkl-helpers.ts";
import { setEach } from "../lkl-sysctl-text.ts";
import type { LinuxCalls } from "./linux-calls.ts";
import { linuxLklFiles } from "./linux-lkl-files.ts";
import { LinuxLklNet } from "./linux-lkl-net.ts";

const encoder = new TextEncoder();

/** The dce_lkl_* part of real Linux's KernelHandle; what a kernel without disks and virtio lacks answers -ENOSYS. */
export function linuxLkl(
  handle: () => KernelHandle,
  calls: () => LinuxCalls,
  manager: TaskManager,
  imported: DceHandle,
  dce: DceKernel,
): LklHelpers {
  return {
    ...absentHelpers(),
    ...parameterHelpers(handle),
    ...linuxLklFiles(calls),
    ...new LinuxLklNet(handle, manager).helpers,
    // The simulator counts descriptors, not the kernel.
    dce_lkl_set_fd_limit: () => 0,
    dce_lkl_strerror: errorText,
    dce_lkl_perror: (message, error) => {
      imported.vprintf(dce, `${message}: ${errorText(error)}\n`);
    },
  };
}

function absentHelpers(): LklHelpers {
  const helpers: Partial<Record<keyof LklHelpers, () => number>> = {};
  for (const name of LKL_HELPER_NAMES) helpers[name] = () => -Errno.ENOSYS;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the others of these names are added by the caller
  return helpers as unknown as LklHelpers;
}

type ParameterName = "dce_lkl_sysctl" | "dce_lkl_sysctl_get" | "dce_lkl_sysctl_parse_write";

function parameterHelpers(handle: () => KernelHandle): Pick<LklHelpers, ParameterName> {
  const set = (path: string, value: string): number => {
    const file = handle().sys_file_find(path.replaceAll(".", "/"));
    if (file === undefined) return -Errno.ENOENT;
    const bytes = encoder.encode(value);
    return Math.min(0, handle().sys_file_write(file, bytes, bytes.length, 0));
  };
  return {
    dce_lkl_sysctl: set,
    dce_lkl_sysctl_get: (path, buffer) => {
      const file = handle().sys_file_find(path.replaceAll(".", "/"));
      if (file === undefined) return -Errno.ENOENT;
      const length = handle().sys_file_read(file, buffer, buffer.length, 0);
      // Without the newline that the file ends with.
      return length > 0 && buffer[length - 1] === NEWLINE ? length - 1 : length;
    },
    dce_lkl_sysctl_parse_write: (text) => setEach(text, set),
  };
}

const NEWLINE = 10;
