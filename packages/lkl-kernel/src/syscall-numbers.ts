/**
 * System call numbers: asm-generic/unistd.h, both the old names of the clock calls and those of 32-bit
 * systems with 64-bit time; LKL's private ones start at __NR_arch_specific_syscall, 244.
 */
export const SyscallNumber = {
  nanosleep: 101,
  clock_gettime: 113,
  clock_getres: 114,
  clock_nanosleep: 115,
  sched_yield: 124,
  reboot: 142,
  setgid: 144,
  setuid: 146,
  uname: 160,
  umask: 166,
  gettimeofday: 169,
  getpid: 172,
  getppid: 173,
  getuid: 174,
  geteuid: 175,
  getgid: 176,
  getegid: 177,
  gettid: 178,
  sysinfo: 179,
  new_thread_group_leader: 245,
  clock_gettime64: 403,
  clock_getres_time64: 406,
  clock_nanosleep_time64: 407,
} as const;
