import type { Blocked, Frame } from "@dcejs/lkl-kernel";
import type {
  DceSocket,
  Out,
  PollTableRef,
  SimDevice,
  SimDevicePacket,
  SimDeviceStats,
  SimMsgHdr,
  SimSysFile,
  SimSysIterator,
  SimTask,
} from "./kernel-objects.ts";
import type { LklHelpers } from "./lkl-helpers.ts";

/**
 * Version of this boundary. 2 is the classic ABI (`LIBOS_API_VERSION`, net-next-sim); 3 adds the
 * LKL names and {@link KernelHandleExtensions}.
 */
export const KERNEL_HANDLE_VERSION = 3;

/**
 * What a kernel gives to the simulator (DCE's `struct KernelHandle`, classic name `SimExported`),
 * names verbatim. The simulator calls these; it never reaches into a kernel any other way.
 *
 * A call that returns `number | Blocked` is made from a task and may wait: the number is the
 * result (-errno for an error), a `Blocked` completes later with that number. All other calls may
 * also be made from event context and never wait. Every call first brings jiffies up to date and
 * ends with the pending softirqs run (DCE's forwarders); calls before `setup_kernel` is done
 * answer -EAGAIN.
 */
export interface KernelHandleClassic {
  // Tasks
  /** Kernel `task_struct` for a task of the simulator. @param priv the Task @param pid its process, 0: none */
  task_create(priv: object, pid: number): SimTask;
  /** Frees it; the task has ended. In the task itself at its exit, from elsewhere when it was stopped by force. */
  task_destroy(task: SimTask): void;
  /** Back to the `priv` of task_create. */
  task_get_private(task: SimTask): object;

  // Sockets: socket(2)…; addresses are `struct sockaddr` bytes in Linux's layout
  /** @param type may hold SOCK_NONBLOCK and SOCK_CLOEXEC @returns 0; -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENFILE, -ENOBUFS */
  sock_socket(
    domain: number,
    type: number,
    protocol: number,
    out: Out<DceSocket>,
  ): number | Blocked;
  /**
   * Releases the socket. Also from event context, for a process that was stopped by force: it does
   * not wait there, whatever SO_LINGER says.
   */
  sock_close(socket: DceSocket): number | Blocked;
  /** @returns octets received, 0 at the end; -EAGAIN, -EINTR, -ENOTCONN, -ECONNRESET… */
  sock_recvmsg(socket: DceSocket, message: SimMsgHdr, flags: number): number | Blocked;
  /** @returns octets taken; -EAGAIN, -EINTR, -EPIPE, -EMSGSIZE, -EDESTADDRREQ, -ENETUNREACH… */
  sock_sendmsg(socket: DceSocket, message: SimMsgHdr, flags: number): number | Blocked;
  /** Writes the address and its length. @returns 0 or -errno */
  sock_getsockname(
    socket: DceSocket,
    address: Uint8Array,
    length: { value: number },
  ): number | Blocked;
  /** @returns 0, -ENOTCONN */
  sock_getpeername(
    socket: DceSocket,
    address: Uint8Array,
    length: { value: number },
  ): number | Blocked;
  /** @returns 0; -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EINVAL */
  sock_bind(socket: DceSocket, address: Uint8Array, length: number): number | Blocked;
  /** @param flags O_NONBLOCK of the descriptor @returns 0; -EINPROGRESS, -ECONNREFUSED, -ETIMEDOUT, -EINTR… */
  sock_connect(
    socket: DceSocket,
    address: Uint8Array,
    length: number,
    flags: number,
  ): number | Blocked;
  sock_listen(socket: DceSocket, backlog: number): number | Blocked;
  /** @param how SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2 */
  sock_shutdown(socket: DceSocket, how: number): number | Blocked;
  /** @param flags O_NONBLOCK of the descriptor @returns 0; -EAGAIN, -EINTR, -EINVAL, -ECONNABORTED */
  sock_accept(socket: DceSocket, out: Out<DceSocket>, flags: number): number | Blocked;
  /** The socket's own requests, then the devices' (`dev_ioctl`). @returns -ENOTTY for an unknown request */
  sock_ioctl(socket: DceSocket, request: number, argument: Uint8Array): number | Blocked;
  sock_setsockopt(
    socket: DceSocket,
    level: number,
    name: number,
    value: Uint8Array,
    length: number,
  ): number | Blocked;
  sock_getsockopt(
    socket: DceSocket,
    level: number,
    name: number,
    value: Uint8Array,
    length: { value: number },
  ): number | Blocked;
  /** Reads the socket's state and, when `ref.opaque` is set, registers for a `poll_event`. */
  sock_poll(socket: DceSocket, ref: PollTableRef): void;
  /** Takes back a registration: `ref.opaque` as sock_poll left it. */
  sock_pollfreewait(entry: object): void;

  // Devices; event context
  /** alloc_netdev and register_netdev. @param ifname "sim%d" @param priv given back by dev_get_private @param flags SIM_DEV_* */
  dev_create(ifname: string, priv: object, flags: number): SimDevice;
  /** unregister_netdev. */
  dev_destroy(device: SimDevice): void;
  dev_get_private(device: SimDevice): object;
  /** Simulator → kernel; the kernel's own changes come through `DceHandle.dev_changed`. */
  dev_set_address(device: SimDevice, address: Uint8Array): void;
  dev_set_mtu(device: SimDevice, mtu: number): void;
  /** Room for a received frame of `size` octets in the kernel's memory. */
  dev_create_packet(device: SimDevice, size: number): SimDevicePacket;
  /** A frame has arrived, Ethernet header first, without FCS. The packet is the kernel's again. */
  dev_rx(device: SimDevice, packet: SimDevicePacket): void;

  // sysctl
  sys_iterate_files(iterator: SimSysIterator): void;
  /** Reads the value as text from `offset`. @returns octets; 0 at the end */
  sys_file_read(file: SimSysFile, buffer: Uint8Array, size: number, offset: number): number;
  /** @returns octets taken; -EINVAL out of range or no number, -EACCES read only */
  sys_file_write(file: SimSysFile, buffer: Uint8Array, size: number, offset: number): number;
}

/** What the LKL branch added. */
export interface KernelHandleLkl extends LklHelpers {
  /** Boots: `lkl_start_kernel`. Must be called from a task, after `sim_init`. @returns 0 or -errno */
  setup_kernel(): number | Blocked;
}

/**
 * What DCE lacks (its comments say "too tired"). Grouped here so that a port of the C header can
 * leave them out: the simulator checks `version` before it calls one.
 */
export interface KernelHandleExtensions {
  readonly version: number;
  /** `lkl_sys_halt`, from a task. After it `sim_init` may be called again. */
  halt_kernel(): number | Blocked;

  /**
   * A frame has arrived, by reference: the kernel owns it now. A kernel with its own memory copies
   * and releases it. A frame with `csumStart >= 0` has a partial checksum (virtio's NEEDS_CSUM).
   */
  dev_rx_frame(device: SimDevice, frame: Frame): void;
  /** The transmit ring has room again (`netif_wake_queue`). */
  dev_wake_queue(device: SimDevice): void;
  /** `netif_carrier_on`/`off` */
  dev_set_carrier(device: SimDevice, isOn: boolean): void;
  /** Reads the counters into `stats`. */
  dev_stats(device: SimDevice, stats: SimDeviceStats): void;
  dev_ifindex(device: SimDevice): number;
  /**
   * Shows every frame that the loopback device carries, as a packet socket on lo would; the frame
   * stays the kernel's and must not be changed. Other devices are watched at their links.
   * @returns 0, or -EOPNOTSUPP
   */
  lo_tap(see: (frame: Frame) => void): number;

  /** One file of the tree of sys_iterate_files, without walking it. @param path "net/ipv4/ip_forward" */
  sys_file_find(path: string): SimSysFile | undefined;
  /** A file of /proc/net or /proc/sys as text. @param path "/proc/net/tcp" @returns -ENOENT, -EACCES, -EISDIR */
  proc_read(path: string): string | number;
  /** Names in a folder of /proc, sorted; folders end with "/". @returns -ENOENT, -ENOTDIR */
  proc_list(path: string): string[] | number;
  /** Kernel log since boot, as dmesg(1) prints it. */
  dmesg(): string;
  /** A signal is pending for this task: interruptible waits end with -EINTR (`signal_wake_up`). */
  task_interrupt(task: SimTask): void;
  /**
   * A host thread was stopped by force, wherever it stood in the kernel: its TLS destructors have not
   * run and will not, so what the kernel holds for it goes now (`lkl_thread_ended`). Called from
   * another thread or the event loop, also for a thread that the kernel has never seen.
   * @param thread its `thread_self()`
   */
  thread_ended(thread: number): void;
}

export interface KernelHandle
  extends KernelHandleClassic,
    KernelHandleLkl,
    KernelHandleExtensions {}

/** Name of the classic ABI (net-next-sim). */
export type SimExported = KernelHandle;
