import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { SyscallNumber } from "./syscall-numbers.ts";
import type { SyscallDefinition } from "./syscalls.ts";

/** Who am I: kernel/sys.c, and LKL's way to be a process of one's own. */
export const SYS_CRED: readonly SyscallDefinition[] = [
  { no: SyscallNumber.getpid, name: "getpid", fn: (_, kernel) => kernel.current.tgid },
  { no: SyscallNumber.gettid, name: "gettid", fn: (_, kernel) => kernel.current.pid },
  { no: SyscallNumber.getppid, name: "getppid", fn: (_, kernel) => kernel.current.ppid },
  { no: SyscallNumber.getuid, name: "getuid", fn: (_, kernel) => kernel.current.cred.uid },
  { no: SyscallNumber.geteuid, name: "geteuid", fn: (_, kernel) => kernel.current.cred.euid },
  { no: SyscallNumber.getgid, name: "getgid", fn: (_, kernel) => kernel.current.cred.gid },
  { no: SyscallNumber.getegid, name: "getegid", fn: (_, kernel) => kernel.current.cred.egid },
  { no: SyscallNumber.setuid, name: "setuid", fn: ([uid], kernel) => sys_setuid(kernel, uid) },
  { no: SyscallNumber.setgid, name: "setgid", fn: ([gid], kernel) => sys_setgid(kernel, gid) },
  { no: SyscallNumber.umask, name: "umask", fn: ([mask], kernel) => sys_umask(kernel, mask) },
  {
    no: SyscallNumber.new_thread_group_leader,
    name: "new_thread_group_leader",
    fn: (_, kernel) => sys_new_thread_group_leader(kernel),
  },
];

function sys_setuid(kernel: LklKernel, uid: unknown): number {
  if (!isId(uid)) return -Errno.EINVAL;
  const { current } = kernel;
  const { cred } = current;
  if (cred.euid !== 0 && uid !== cred.uid) return -Errno.EPERM;
  current.cred = { ...cred, uid: cred.euid === 0 ? uid : cred.uid, euid: uid };
  return 0;
}

function sys_setgid(kernel: LklKernel, gid: unknown): number {
  if (!isId(gid)) return -Errno.EINVAL;
  const { current } = kernel;
  const { cred } = current;
  if (cred.euid !== 0 && gid !== cred.gid) return -Errno.EPERM;
  current.cred = { ...cred, gid: cred.euid === 0 ? gid : cred.gid, egid: gid };
  return 0;
}

function isId(id: unknown): id is number {
  return typeof id === "number" && Number.isInteger(id) && id >= 0 && id < 0xffffffff;
}

function sys_umask(kernel: LklKernel, mask: unknown): number {
  const { fs } = kernel.current;
  const old = fs.umask;
  fs.umask = Number(mask) & 0o777;
  return old;
}

/**
 * Must be a host thread's first system call: its task is then made as the leader of a new thread
 * group, which has happened when we get here. Later it is too late.
 */
function sys_new_thread_group_leader(kernel: LklKernel): number {
  const { current } = kernel;
  return current.tgid === current.pid ? 0 : -Errno.EPERM;
}
