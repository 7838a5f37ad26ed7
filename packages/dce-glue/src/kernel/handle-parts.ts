import type { KernelHandleClassic, KernelHandleExtensions } from "./kernel-handle.ts";

/** The parts of KernelHandle that a kernel makes apart from each other: sockets… */
export type SocketCalls = Pick<
  KernelHandleClassic,
  | "sock_socket"
  | "sock_close"
  | "sock_recvmsg"
  | "sock_sendmsg"
  | "sock_getsockname"
  | "sock_getpeername"
  | "sock_bind"
  | "sock_connect"
  | "sock_listen"
  | "sock_shutdown"
  | "sock_accept"
  | "sock_ioctl"
  | "sock_setsockopt"
  | "sock_getsockopt"
  | "sock_poll"
  | "sock_pollfreewait"
>;

/** …network cards… */
export type DeviceCalls = Pick<
  KernelHandleClassic,
  | "dev_create"
  | "dev_destroy"
  | "dev_get_private"
  | "dev_set_address"
  | "dev_set_mtu"
  | "dev_create_packet"
  | "dev_rx"
> &
  Pick<
    KernelHandleExtensions,
    "dev_rx_frame" | "dev_wake_queue" | "dev_set_carrier" | "dev_stats" | "dev_ifindex" | "lo_tap"
  >;

/** …and the kernel's own files. */
export type FileCalls = Pick<
  KernelHandleClassic,
  "sys_iterate_files" | "sys_file_read" | "sys_file_write"
> &
  Pick<KernelHandleExtensions, "sys_file_find" | "proc_read" | "proc_list">;
