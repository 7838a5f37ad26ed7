/** System calls of asm-generic/unistd.h for 32 bits. */
export const NR = {
  eventfd2: 19,
  epoll_create1: 20,
  epoll_ctl: 21,
  epoll_pwait: 22,
  mkdirat: 34,
  mount: 40,
  openat: 56,
  close: 57,
  pipe2: 59,
  read: 63,
  write: 64,
  reboot: 142,
  uname: 160,
  getpid: 172,
  gettid: 178,
  socket: 198,
  bind: 200,
  listen: 201,
  accept: 202,
  connect: 203,
  getsockname: 204,
  sendto: 206,
  recvfrom: 207,
  setsockopt: 208,
  getsockopt: 209,
  shutdown: 210,
  ioctl: 29,
  getrandom: 278,
  clock_gettime64: 403,
  clock_nanosleep_time64: 407,
} as const;

export const AF_INET = 2;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const AT_FDCWD = -100;

export const Errno = {
  EINTR: 4,
  EAGAIN: 11,
  ENOMEM: 12,
  EFAULT: 14,
  EINVAL: 22,
  ECONNREFUSED: 111,
  ERESTARTSYS: 512,
  ERESTART_RESTARTBLOCK: 516,
} as const;
