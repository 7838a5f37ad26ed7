import type { SysctlEntry } from "../sysctl-entry.ts";
import { int, NOT_NEGATIVE, READ_ONLY, seconds, string, uint, ulong } from "./entry-shorthand.ts";
import type { MemorySizes } from "./memory-sizes.ts";

/** kernel.* without names and random numbers (kernel/sysctl.c). */
export const KERNEL: readonly SysctlEntry[] = [
  int("kernel.cap_last_cap", 40, "Number of the last capability.", READ_ONLY),
  string(
    "kernel.core_pattern",
    "core",
    "Name of core dump files, or the program that takes them.",
    { maxLength: 128 },
  ),
  int("kernel.core_uses_pid", 0, "Core dump files have the process id in their name."),
  ulong("kernel.msgmax", 8192, "Largest System V message.", {
    max: 2_147_483_647,
    unit: "bytes",
  }),
  ulong("kernel.msgmnb", 16_384, "Largest System V message queue.", {
    max: 2_147_483_647,
    unit: "bytes",
  }),
  int("kernel.msgmni", 32_000, "System V message queues.", { min: 0, max: 32_768 }),
  int("kernel.ngroups_max", 65_536, "Supplementary groups of a process.", READ_ONLY),
  int("kernel.overflowgid", 65_534, "Group id that stands for those that do not fit 16 bits.", {
    min: 0,
    max: 65_535,
  }),
  int("kernel.overflowuid", 65_534, "User id that stands for those that do not fit 16 bits.", {
    min: 0,
    max: 65_535,
  }),
  int("kernel.panic", 0, "Seconds from a panic to the reboot; 0 stays, negative reboots at once.", {
    unit: "s",
  }),
  int("kernel.panic_on_oops", 0, "An oops is a panic."),
  int("kernel.panic_on_warn", 0, "A kernel warning is a panic.", { min: 0, max: 1 }),
  int("kernel.pid_max", 32_768, "Process ids are smaller than this.", {
    min: 301,
    max: 4_194_304,
  }),
  int(
    "kernel.printk",
    [7, 4, 1, 7],
    "Log levels: console, default of messages, least console, boot console.",
    { length: 4 },
  ),
  int("kernel.printk_delay", 0, "Pause after each kernel message.", {
    min: 0,
    max: 10_000,
    unit: "ms",
  }),
  seconds("kernel.printk_ratelimit", 5, "Time in which rate-limited messages are counted."),
  int("kernel.printk_ratelimit_burst", 10, "Rate-limited messages in that time."),
  int(
    "kernel.randomize_va_space",
    2,
    "Address space randomisation: 0 off, 1 without heap, 2 with it.",
  ),
  int("kernel.sched_rr_timeslice_ms", 100, "Time slice of SCHED_RR.", { unit: "ms" }),
  int(
    "kernel.sem",
    [32_000, 1_024_000_000, 500, 32_000],
    "System V semaphores: a set, in all, operations a call, sets.",
    { length: 4 },
  ),
  ulong("kernel.shmall", "18446744073692774399", "System V shared memory in all.", {
    unit: "pages",
  }),
  ulong("kernel.shmmax", "18446744073692774399", "Largest System V shared memory segment.", {
    unit: "bytes",
  }),
  int("kernel.shmmni", 4096, "System V shared memory segments.", { min: 0, max: 32_768 }),
];

/** fs.* (fs/file_table.c, fs/pipe.c, fs/eventpoll.c, fs/namei.c) */
export const FS: readonly SysctlEntry[] = [
  ulong("fs.aio-max-nr", 65_536, "Asynchronous requests of all contexts."),
  int(
    "fs.inotify.max_queued_events",
    16_384,
    "Events that wait in an inotify instance.",
    NOT_NEGATIVE,
  ),
  int("fs.inotify.max_user_instances", 128, "Inotify instances of one user.", NOT_NEGATIVE),
  int("fs.inotify.max_user_watches", 65_536, "Inotify watches of one user.", NOT_NEGATIVE),
  int("fs.mount-max", 100_000, "Mounts of one namespace.", { min: 1 }),
  uint("fs.nr_open", 1_048_576, "Open files of one process, whatever its limits say.", {
    min: 64,
    max: 2_147_483_584,
  }),
  uint("fs.pipe-max-size", 1_048_576, "Largest pipe that an unprivileged program may ask for.", {
    min: 4096,
    unit: "bytes",
  }),
  ulong("fs.pipe-user-pages-hard", 0, "Pipe memory of one unprivileged user; 0 sets no limit.", {
    unit: "pages",
  }),
  ulong(
    "fs.pipe-user-pages-soft",
    16_384,
    "Pipe memory of one user after which new pipes are one page small.",
    { unit: "pages" },
  ),
  int(
    "fs.protected_fifos",
    0,
    "Do not open others' FIFOs in sticky directories: 0 off, 1, 2 stricter.",
    { min: 0, max: 2 },
  ),
  int("fs.protected_hardlinks", 1, "Hard links need access to the file.", { min: 0, max: 1 }),
  int(
    "fs.protected_regular",
    0,
    "Do not open others' files in sticky directories: 0 off, 1, 2 stricter.",
    { min: 0, max: 2 },
  ),
  int("fs.protected_symlinks", 1, "Do not follow others' links in sticky directories.", {
    min: 0,
    max: 1,
  }),
  int(
    "fs.suid_dumpable",
    0,
    "Core dumps of set-user-id programs: 0 no, 1 yes, 2 readable by root.",
    { min: 0, max: 2 },
  ),
];

/** vm.*: those that programs read (mm/). */
export const VM: readonly SysctlEntry[] = [
  int("vm.dirty_background_ratio", 10, "Dirty share of memory at which writing back begins.", {
    min: 0,
    max: 100,
    unit: "percent",
  }),
  uint("vm.dirty_expire_centisecs", 3000, "Age at which dirty data is written back.", {
    unit: "1/100 s",
  }),
  int("vm.dirty_ratio", 20, "Dirty share of memory at which writers have to help.", {
    min: 0,
    max: 100,
    unit: "percent",
  }),
  uint("vm.dirty_writeback_centisecs", 500, "How often dirty data is looked for.", {
    unit: "1/100 s",
  }),
  uint("vm.drop_caches", 0, "Writing 1, 2 or 3 drops clean caches.", {
    mode: 0o200,
    min: 1,
    max: 4,
  }),
  int("vm.max_map_count", 65_530, "Memory maps of one process.", NOT_NEGATIVE),
  int("vm.min_free_kbytes", 67_584, "Memory that is kept free.", { ...NOT_NEGATIVE, unit: "kB" }),
  ulong("vm.mmap_min_addr", 65_536, "Lowest address that an unprivileged program may map.", {
    unit: "bytes",
  }),
  int(
    "vm.overcommit_memory",
    0,
    "Promising more memory than there is: 0 by guess, 1 always, 2 never.",
    { min: 0, max: 2 },
  ),
  int("vm.overcommit_ratio", 50, "Share of memory that may be promised in mode 2.", {
    unit: "percent",
  }),
  int("vm.page-cluster", 3, "Pages read from swap at once, as a power of two.", {
    min: 0,
    max: 31,
  }),
  int(
    "vm.panic_on_oom",
    0,
    "Running out of memory is a panic: 0 no, 1 of the whole machine, 2 always.",
    { min: 0, max: 2 },
  ),
  int("vm.swappiness", 60, "Cost of dropping file pages against swapping.", { min: 0, max: 200 }),
  int("vm.vfs_cache_pressure", 100, "How readily names and inodes are dropped.", {
    ...NOT_NEGATIVE,
    unit: "percent",
  }),
];

/** The parameters whose default follows the machine's memory. */
export function systemMemory(sizes: MemorySizes): readonly SysctlEntry[] {
  return [
    uint("kernel.threads-max", sizes.threadsMax, "Threads in all.", { min: 1, max: 1_073_741_823 }),
    ulong(
      "fs.epoll.max_user_watches",
      sizes.fileMax * 2,
      "Files that the epoll instances of one user may watch.",
    ),
    ulong("fs.file-max", sizes.fileMax, "Open files in all."),
  ];
}
