import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { SyscallNumber } from "./syscall-numbers.ts";
import type { SyscallDefinition } from "./syscalls.ts";
import { NSEC_PER_SEC } from "./time.ts";

/** struct new_utsname; uname fills it in. */
export interface LklUtsname {
  sysname: string;
  nodename: string;
  release: string;
  version: string;
  machine: string;
  domainname: string;
}

/** struct sysinfo; the fields that mean something here. */
export interface LklSysinfo {
  /** Seconds since boot. */
  uptime: number;
  /** Octets. */
  totalram: number;
  freeram: number;
  /** Number of tasks. */
  procs: number;
  mem_unit: number;
}

/** What the system is: kernel/sys.c. */
export const SYS_INFO: readonly SyscallDefinition[] = [
  { no: SyscallNumber.uname, name: "uname", fn: ([out], kernel) => sys_uname(kernel, out) },
  { no: SyscallNumber.sysinfo, name: "sysinfo", fn: ([out], kernel) => sys_sysinfo(kernel, out) },
];

function sys_uname(kernel: LklKernel, out: unknown): number {
  if (typeof out !== "object" || out === null) return -Errno.EFAULT;
  const utsname: LklUtsname = {
    sysname: "Linux",
    nodename: kernel.name,
    release: kernel.release,
    version: "#1",
    machine: "lkl",
    domainname: "(none)",
  };
  Object.assign(out, utsname);
  return 0;
}

function sys_sysinfo(kernel: LklKernel, out: unknown): number {
  if (typeof out !== "object" || out === null) return -Errno.EFAULT;
  const sysinfo: LklSysinfo = {
    uptime: Math.ceil((kernel.ktime_get() - kernel.bootTime) / NSEC_PER_SEC),
    totalram: kernel.setup.boot.memBytes,
    freeram: kernel.setup.boot.memBytes,
    procs: kernel.threads.tasks.size,
    mem_unit: 1,
  };
  Object.assign(out, sysinfo);
  return 0;
}
