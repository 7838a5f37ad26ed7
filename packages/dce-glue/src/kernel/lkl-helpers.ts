import type { Blocked } from "@dcejs/lkl-kernel";

/** A call that returns 0 or a positive value, or -errno; it may have to wait. */
type Call<A extends readonly unknown[] = []> = (...args: A) => number | Blocked;

/**
 * The generated part of the LKL branch's KernelHandle: `dce_lkl_X` is the kernel library's `lkl_X`
 * (tools/lkl/include/lkl.h). Each returns 0 (or the value asked for) or -errno, and -ENOSYS in a
 * kernel that lacks the feature. They enter the kernel as a system call does: call them from a
 * task, where they may wait, or from event context, where they never wait in the emulated kernel.
 * IPv4 addresses are numbers in host order here; IPv6 addresses are 16 bytes.
 */
export interface LklHelpers {
  // Interfaces
  dce_lkl_if_up: Call<[ifindex: number]>;
  dce_lkl_if_down: Call<[ifindex: number]>;
  dce_lkl_if_set_mtu: Call<[ifindex: number, mtu: number]>;
  dce_lkl_if_set_mac: Call<[ifindex: number, address: Uint8Array]>;
  dce_lkl_if_set_ipv4: Call<[ifindex: number, address: number, prefixLength: number]>;
  dce_lkl_if_set_ipv4_gateway: Call<
    [ifindex: number, address: number, prefixLength: number, gateway: number]
  >;
  dce_lkl_if_set_ipv6: Call<[ifindex: number, address: Uint8Array, prefixLength: number]>;
  dce_lkl_if_set_ipv6_gateway: Call<
    [ifindex: number, address: Uint8Array, prefixLength: number, gateway: Uint8Array]
  >;
  dce_lkl_if_wait_ipv6_dad: Call<[ifindex: number, address: Uint8Array]>;
  dce_lkl_if_add_ip: Call<
    [ifindex: number, family: number, address: Uint8Array, prefixLength: number]
  >;
  dce_lkl_if_del_ip: Call<
    [ifindex: number, family: number, address: Uint8Array, prefixLength: number]
  >;
  dce_lkl_if_add_linklocal: Call<
    [ifindex: number, family: number, address: Uint8Array, prefixLength: number]
  >;
  dce_lkl_if_add_gateway: Call<[ifindex: number, family: number, gateway: Uint8Array]>;
  dce_lkl_if_add_rule_from_saddr: Call<[ifindex: number, family: number, source: Uint8Array]>;
  dce_lkl_ifname_to_ifindex: Call<[name: string]>;
  // Routes and neighbours
  dce_lkl_add_gateway: Call<[family: number, gateway: Uint8Array]>;
  dce_lkl_set_ipv4_gateway: Call<[gateway: number]>;
  dce_lkl_set_ipv6_gateway: Call<[gateway: Uint8Array]>;
  dce_lkl_add_neighbor: Call<
    [ifindex: number, family: number, address: Uint8Array, lladdr: Uint8Array]
  >;
  dce_lkl_qdisc_add: Call<[ifindex: number, root: string, type: string]>;
  dce_lkl_qdisc_parse_add: Call<[ifindex: number, entries: string]>;
  // Parameters
  dce_lkl_sysctl: Call<[path: string, value: string]>;
  /** Writes the value as text into `buffer`; returns its length. */
  dce_lkl_sysctl_get: Call<[path: string, buffer: Uint8Array]>;
  /** `"net.ipv4.tcp_wmem=4096 87380 2147483647;net.ipv4.ip_forward=1"` */
  dce_lkl_sysctl_parse_write: Call<[text: string]>;
  // Host network devices (virtio). A simulated device is made by dev_create.
  dce_lkl_netdev_add: Call<[device: object, args: object]>;
  dce_lkl_netdev_remove: Call<[id: number]>;
  dce_lkl_netdev_free: Call<[device: object]>;
  dce_lkl_netdev_get_ifindex: Call<[id: number]>;
  dce_lkl_netdev_tap_create: Call<[ifname: string, offload: number]>;
  dce_lkl_netdev_macvtap_create: Call<[path: string, offload: number]>;
  dce_lkl_netdev_pipe_create: Call<[ifname: string, offload: number]>;
  dce_lkl_netdev_raw_create: Call<[ifname: string]>;
  dce_lkl_netdev_vde_create: Call<[switchPath: string]>;
  dce_lkl_netdev_dpdk_create: Call<[ifname: string, offload: number, address: Uint8Array]>;
  // Disks, mounts, directories
  dce_lkl_disk_add: Call<[disk: object]>;
  dce_lkl_disk_remove: Call<[disk: object]>;
  dce_lkl_get_virtio_blkdev: Call<[disk: number, partition: number, device: { value: number }]>;
  dce_lkl_encode_dev_from_sysfs: Call<[path: string, device: { value: number }]>;
  dce_lkl_mount_dev: Call<
    [disk: number, partition: number, type: string, flags: number, options: string, at: Uint8Array]
  >;
  dce_lkl_mount_blkdev: Call<[device: number, type: string, flags: number, options: string]>;
  dce_lkl_mount_fs: Call<[type: string]>;
  dce_lkl_umount_dev: Call<[disk: number, partition: number, flags: number, timeoutMs: number]>;
  dce_lkl_umount_blkdev: Call<[device: number, flags: number, timeoutMs: number]>;
  dce_lkl_umount_timeout: Call<[path: string, flags: number, timeoutMs: number]>;
  dce_lkl_opendir: Call<[path: string, directory: { value: object | undefined }]>;
  dce_lkl_fdopendir: Call<[fd: number, directory: { value: object | undefined }]>;
  dce_lkl_readdir: Call<[directory: object, name: { value: string | undefined }]>;
  dce_lkl_rewinddir: Call<[directory: object]>;
  dce_lkl_closedir: Call<[directory: object]>;
  dce_lkl_errdir: Call<[directory: object]>;
  dce_lkl_dirfd: Call<[directory: object]>;
  // The rest
  dce_lkl_set_fd_limit: Call<[limit: number]>;
  /** Text of an error number, positive or negative. */
  dce_lkl_strerror: (error: number) => string;
  /** Prints `message: text of the error` through the kernel's console. */
  dce_lkl_perror: (message: string, error: number) => void;
  dce_lkl_register_dbg_handler: Call;
}
