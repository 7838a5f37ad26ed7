import type { KernelHandle } from "../kernel-handle.ts";

const POLLERR = 0x8;
const POLLHUP = 0x10;

type AbsentCalls = Omit<
  KernelHandle,
  | "version"
  | "setup_kernel"
  | "halt_kernel"
  | "dmesg"
  | "thread_ended"
  | "task_get_private"
  | "dev_get_private"
  | "dev_ifindex"
  | `dce_lkl_${string}`
>;

function nothing(): void {}

/**
 * What KernelHandle answers where no kernel runs.
 * @param errno -EAGAIN before the boot, -ESHUTDOWN after the end
 * @param name for messages
 */
export function absentKernel(errno: number, name: string): AbsentCalls {
  const refuse = (): number => errno;
  const cannot = (): never => {
    throw new Error(`${name} does not run`);
  };
  return {
    task_create: cannot,
    task_destroy: nothing,
    task_interrupt: nothing,
    sock_socket: refuse,
    sock_close: refuse,
    sock_recvmsg: refuse,
    sock_sendmsg: refuse,
    sock_getsockname: refuse,
    sock_getpeername: refuse,
    sock_bind: refuse,
    sock_connect: refuse,
    sock_listen: refuse,
    sock_shutdown: refuse,
    sock_accept: refuse,
    sock_ioctl: refuse,
    sock_setsockopt: refuse,
    sock_getsockopt: refuse,
    // Without a kernel behind it a socket is hung up.
    sock_poll: (_socket, ref) => {
      ref.ret &= POLLHUP | POLLERR;
      ref.opaque = undefined;
    },
    sock_pollfreewait: nothing,
    dev_create: cannot,
    dev_destroy: nothing,
    dev_set_address: nothing,
    dev_set_mtu: nothing,
    dev_create_packet: cannot,
    dev_rx: nothing,
    dev_rx_frame: (_device, frame) => frame.release(),
    dev_wake_queue: nothing,
    dev_set_carrier: nothing,
    dev_stats: nothing,
    lo_tap: refuse,
    sys_iterate_files: nothing,
    sys_file_find: () => undefined,
    sys_file_read: refuse,
    sys_file_write: refuse,
    proc_read: refuse,
    proc_list: refuse,
  };
}
