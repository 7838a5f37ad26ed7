/** Bounds of files and descriptors, with the Linux defaults that they mirror. */

/** Octets: 16 pages (fs/pipe.c, PIPE_DEF_BUFFERS). */
export const PIPE_CAPACITY_DEFAULT = 65_536;
/** fs.pipe-max-size, for unprivileged F_SETPIPE_SZ. */
export const PIPE_CAPACITY_MAX = 1_048_576;
/** RLIMIT_NOFILE, soft and hard. */
export const NOFILE_DEFAULT = 1024;
export const NOFILE_MAX = 1_048_576;
/** net.core.wmem_default: octets that may be under way in an AF_UNIX socket. */
export const UNIX_SNDBUF_DEFAULT = 212_992;
/** net.unix.max_dgram_qlen. */
export const UNIX_DGRAM_QUEUE_MAX = 10;
/** net.core.somaxconn. */
export const SOMAXCONN = 4096;
/** Epoll instances watched by epoll instances (EP_MAX_NESTS). */
export const EPOLL_NESTING_MAX = 4;
/** Vectors of one readv() (UIO_MAXIOV). */
export const IOV_MAX = 1024;
