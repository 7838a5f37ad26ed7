import { Errno } from "./errno.ts";
import { SyscallNumber } from "./syscall-numbers.ts";
import type { SyscallDefinition } from "./syscalls.ts";

export const LINUX_REBOOT_MAGIC1 = 0xfee1dead;
export const LINUX_REBOOT_MAGIC2 = 672274793;
export const LINUX_REBOOT_CMD_RESTART = 0x01234567;

/** reboot(2). Only RESTART, which is how lkl_sys_halt stops a kernel. */
export const SYS_REBOOT: readonly SyscallDefinition[] = [
  {
    no: SyscallNumber.reboot,
    name: "reboot",
    fn: ([magic1, magic2, command], kernel) => {
      if (magic1 !== LINUX_REBOOT_MAGIC1 || magic2 !== LINUX_REBOOT_MAGIC2) return -Errno.EINVAL;
      if (command !== LINUX_REBOOT_CMD_RESTART) return -Errno.EINVAL;
      kernel.printk(0, "reboot: Restarting system");
      kernel.cpu.shutdown();
      return 0;
    },
  },
];
