/** Linux's constants under their names, for programs: `import { AF_INET, SOCK_STREAM } from "@dcejs/dce-glue"`. */
export {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLONESHOT,
  EPOLLWAKEUP,
} from "../fd/epoll-fd.ts";
export { EFD_SEMAPHORE } from "../fd/event-fd.ts";
export {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISUID,
  S_ISVTX,
} from "../fd/file-stat.ts";
export * from "../fd/open-flags.ts";
export { TFD_TIMER_ABSTIME } from "../fd/timer-fd.ts";
export { AF_UNIX } from "../fd/unix-address.ts";
export {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../fd/socket-numbers.ts";
export { UTIME_NOW, UTIME_OMIT } from "../fs/file-system.ts";
export { F_OK, R_OK, W_OK, X_OK } from "../fs/permission.ts";
export {
  P_ALL,
  P_PGID,
  P_PID,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WUNTRACED,
} from "../process/children.ts";
export {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
} from "../process/clocks.ts";
export {
  WEXITSTATUS,
  WIFCONTINUED,
  WIFEXITED,
  WIFSIGNALED,
  WIFSTOPPED,
  WSTOPSIG,
  WTERMSIG,
} from "../process/exit-status.ts";
export {
  RLIM_INFINITY,
  RLIMIT_CORE,
  RLIMIT_CPU,
  RLIMIT_DATA,
  RLIMIT_FSIZE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_STACK,
} from "../process/rlimits.ts";
export * from "../process/signal-numbers.ts";
export { SOCK_CLOEXEC, SOCK_NONBLOCK } from "./calls/socket-calls.ts";
export { SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK } from "./posix-processes.ts";
export { AF_INET, AF_INET6 } from "./socket-address.ts";
export * from "./socket-constants.ts";
