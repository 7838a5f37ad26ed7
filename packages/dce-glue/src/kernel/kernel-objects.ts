/**
 * The opaque and the small shared objects of the simulator ↔ kernel boundary, under the names of
 * DCE's `sim-types.h`. An opaque object belongs to the side that made it; the other side only
 * hands it back.
 */

/** The simulator's side of one kernel (DCE's `KernelSocketFdFactory`): first argument of each DceHandle call. */
export type DceKernel = object;
/** `struct socket` of a kernel. */
export type DceSocket = object;
/** A kernel's `task_struct` for a task of the simulator. */
export type SimTask = object;
/** `struct net_device` of a kernel. */
export type SimDevice = object;
/** One file of the kernel's sysctl tree. */
export type SimSysFile = object;

/** Names of the classic ABI (net-next-sim). */
export type SimKernel = DceKernel;
export type SimSocket = DceSocket;

/** An out-parameter: `T **out` of C. */
export interface Out<T> {
  value: T | undefined;
}

/** `enum SimDevFlags` */
export const SIM_DEV_NOARP = 1;
export const SIM_DEV_POINTTOPOINT = 2;
export const SIM_DEV_MULTICAST = 4;
export const SIM_DEV_BROADCAST = 8;

/** Room for one frame in the kernel's memory: fill `buffer`, give it back with `dev_rx`. */
export interface SimDevicePacket {
  readonly buffer: Uint8Array;
  readonly token: object;
}

/** What `sys_iterate_files` reports, depth first. */
export interface SimSysIterator {
  report_start_dir(name: string): void;
  report_end_dir(): void;
  /** @param flags access mode, 0o644 for example */
  report_file(name: string, flags: number, file: SimSysFile): void;
}

/**
 * `struct poll_table_ref`. In: `ret` is the mask of events wanted, `opaque` the context that the
 * kernel passes to `poll_event` when one of them happens (undefined: only look, register nothing).
 * Out: `ret` is the mask of events now true, `opaque` the kernel's wait entry for
 * `sock_pollfreewait` (undefined: none was registered).
 */
export interface PollTableRef {
  ret: number;
  opaque: object | undefined;
}

/** Arguments of recvmsg(2) and sendmsg(2) in Linux's layout; lengths are updated as recvmsg does. */
export interface SimMsgHdr {
  /** `struct sockaddr` bytes; recvmsg writes the peer here. */
  msg_name: Uint8Array | undefined;
  msg_namelen: number;
  msg_iov: readonly Uint8Array[];
  /** `struct cmsghdr` bytes. */
  msg_control: Uint8Array | undefined;
  msg_controllen: number;
  /** Out: MSG_TRUNC, MSG_CTRUNC… */
  msg_flags: number;
}

/** What changed on a device inside the kernel, as bits: the argument of `dev_changed`. */
export const DEV_CHANGED_MTU = 1;
export const DEV_CHANGED_FLAGS = 2;
export const DEV_CHANGED_ADDRESS = 4;
export const DEV_CHANGED_NAME = 8;

/** `struct rtnl_link_stats64`, the members that the simulation reports. */
export interface SimDeviceStats {
  rx_packets: number;
  rx_bytes: number;
  rx_dropped: number;
  rx_errors: number;
  tx_packets: number;
  tx_bytes: number;
  tx_dropped: number;
  tx_errors: number;
}
