import type { DceHandle } from "./dce-handle.ts";
import { KERNEL_HANDLE_VERSION, type KernelHandle } from "./kernel-handle.ts";
import type { LklHelpers } from "./lkl-helpers.ts";

/** Names every key of T, so that a field which is added to the interface cannot be forgotten here. */
type Names<T> = Readonly<Record<keyof T, true>>;

const KERNEL_HANDLE_FIELDS: Names<KernelHandle> = {
  task_create: true,
  task_destroy: true,
  task_get_private: true,
  sock_socket: true,
  sock_close: true,
  sock_recvmsg: true,
  sock_sendmsg: true,
  sock_getsockname: true,
  sock_getpeername: true,
  sock_bind: true,
  sock_connect: true,
  sock_listen: true,
  sock_shutdown: true,
  sock_accept: true,
  sock_ioctl: true,
  sock_setsockopt: true,
  sock_getsockopt: true,
  sock_poll: true,
  sock_pollfreewait: true,
  dev_create: true,
  dev_destroy: true,
  dev_get_private: true,
  dev_set_address: true,
  dev_set_mtu: true,
  dev_create_packet: true,
  dev_rx: true,
  sys_iterate_files: true,
  sys_file_read: true,
  sys_file_write: true,
  setup_kernel: true,
  dce_lkl_if_up: true,
  dce_lkl_if_down: true,
  dce_lkl_if_set_mtu: true,
  dce_lkl_if_set_mac: true,
  dce_lkl_if_set_ipv4: true,
  dce_lkl_if_set_ipv4_gateway: true,
  dce_lkl_if_set_ipv6: true,
  dce_lkl_if_set_ipv6_gateway: true,
  dce_lkl_if_wait_ipv6_dad: true,
  dce_lkl_if_add_ip: true,
  dce_lkl_if_del_ip: true,
  dce_lkl_if_add_linklocal: true,
  dce_lkl_if_add_gateway: true,
  dce_lkl_if_add_rule_from_saddr: true,
  dce_lkl_ifname_to_ifindex: true,
  dce_lkl_add_gateway: true,
  dce_lkl_set_ipv4_gateway: true,
  dce_lkl_set_ipv6_gateway: true,
  dce_lkl_add_neighbor: true,
  dce_lkl_qdisc_add: true,
  dce_lkl_qdisc_parse_add: true,
  dce_lkl_sysctl: true,
  dce_lkl_sysctl_get: true,
  dce_lkl_sysctl_parse_write: true,
  dce_lkl_netdev_add: true,
  dce_lkl_netdev_remove: true,
  dce_lkl_netdev_free: true,
  dce_lkl_netdev_get_ifindex: true,
  dce_lkl_netdev_tap_create: true,
  dce_lkl_netdev_macvtap_create: true,
  dce_lkl_netdev_pipe_create: true,
  dce_lkl_netdev_raw_create: true,
  dce_lkl_netdev_vde_create: true,
  dce_lkl_netdev_dpdk_create: true,
  dce_lkl_disk_add: true,
  dce_lkl_disk_remove: true,
  dce_lkl_get_virtio_blkdev: true,
  dce_lkl_encode_dev_from_sysfs: true,
  dce_lkl_mount_dev: true,
  dce_lkl_mount_blkdev: true,
  dce_lkl_mount_fs: true,
  dce_lkl_umount_dev: true,
  dce_lkl_umount_blkdev: true,
  dce_lkl_umount_timeout: true,
  dce_lkl_opendir: true,
  dce_lkl_fdopendir: true,
  dce_lkl_readdir: true,
  dce_lkl_rewinddir: true,
  dce_lkl_closedir: true,
  dce_lkl_errdir: true,
  dce_lkl_dirfd: true,
  dce_lkl_set_fd_limit: true,
  dce_lkl_strerror: true,
  dce_lkl_perror: true,
  dce_lkl_register_dbg_handler: true,
  version: true,
  halt_kernel: true,
  dev_rx_frame: true,
  dev_wake_queue: true,
  dev_set_carrier: true,
  dev_stats: true,
  dev_ifindex: true,
  lo_tap: true,
  thread_ended: true,
  sys_file_find: true,
  proc_read: true,
  proc_list: true,
  dmesg: true,
  task_interrupt: true,
};

/** The helpers of the kernel library. */
export const LKL_HELPER_NAMES: readonly (keyof LklHelpers)[] =
  Object.keys(KERNEL_HANDLE_FIELDS).filter(isHelper);

function isHelper(name: string): name is keyof LklHelpers {
  return name.startsWith("dce_lkl_");
}

const DCE_HANDLE_FIELDS: Names<DceHandle> = {
  vprintf: true,
  malloc: true,
  free: true,
  memcpy: true,
  memset: true,
  atexit: true,
  access: true,
  getenv: true,
  mkdir: true,
  open: true,
  __fxstat: true,
  fseek: true,
  setbuf: true,
  fdopen: true,
  ftell: true,
  fclose: true,
  fread: true,
  fwrite: true,
  random: true,
  current_ns: true,
  event_schedule_ns: true,
  event_cancel: true,
  task_start: true,
  task_wait: true,
  task_current: true,
  task_wakeup: true,
  task_yield: true,
  dev_xmit: true,
  signal_raised: true,
  poll_event: true,
  sem_init: true,
  sem_destroy: true,
  sem_post: true,
  sem_wait: true,
  panic: true,
  pthread_mutexattr_init: true,
  pthread_mutexattr_settype: true,
  pthread_mutex_init: true,
  pthread_mutex_destroy: true,
  pthread_mutex_lock: true,
  pthread_mutex_unlock: true,
  pthread_create: true,
  pthread_detach: true,
  pthread_exit: true,
  pthread_join: true,
  pthread_self: true,
  pthread_key_create: true,
  pthread_key_delete: true,
  pthread_setspecific: true,
  pthread_getspecific: true,
  clock_gettime: true,
  timer_create: true,
  timer_settime: true,
  task_schedule: true,
  dev_xmit_frame: true,
  dev_changed: true,
};

/** Two sides of the boundary do not fit. The message names the fields that are missing. */
export class KernelHandleError extends Error {
  override readonly name = "KernelHandleError";
}

/** Fields that a kernel's `sim_init` has not filled in. Empty: the handle is complete. */
export function missingKernelHandleFields(handle: Partial<KernelHandle>): string[] {
  return missing(KERNEL_HANDLE_FIELDS, handle);
}

/** Fields that a simulator does not offer to its kernels. */
export function missingDceHandleFields(handle: Partial<DceHandle>): string[] {
  return missing(DCE_HANDLE_FIELDS, handle);
}

/**
 * Whether `sim_init` has done its part.
 * @param kernel name of the kernel, for the message
 * @throws {KernelHandleError} fields are missing, or the kernel speaks another version
 */
export function assertKernelHandle(
  handle: Partial<KernelHandle>,
  kernel: string,
): asserts handle is KernelHandle {
  const absent = missingKernelHandleFields(handle);
  if (absent.length > 0) {
    throw new KernelHandleError(`kernel "${kernel}" lacks ${absent.join(", ")}`);
  }
  if (handle.version !== KERNEL_HANDLE_VERSION) {
    throw new KernelHandleError(
      `kernel "${kernel}" has version ${handle.version} of KernelHandle, not ${KERNEL_HANDLE_VERSION}`,
    );
  }
}

function missing(fields: Readonly<Record<string, true>>, handle: object): string[] {
  const present = new Map<string, unknown>(allEntries(handle));
  return Object.keys(fields).filter((name) => {
    const value = present.get(name);
    return name === "version" ? typeof value !== "number" : typeof value !== "function";
  });
}

/** Own members and those of its classes: a handle may be a class instance. */
function* allEntries(handle: object): Generator<[string, unknown]> {
  for (
    let holder: unknown = handle;
    typeof holder === "object" && holder !== null && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder)
  ) {
    for (const name of Object.getOwnPropertyNames(holder)) yield [name, Reflect.get(handle, name)];
  }
}
