/** struct net_device: what the stack knows of one interface, and what its driver must offer. */
import type { InDevice } from "../ip/in-device.ts";
import type { NeighParms } from "../arp/neigh-parms.ts";
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import { ARPHRD_ETHER } from "../wire/arp.ts";
import { ETH_ALEN, ETH_DATA_LEN, ETH_HLEN, macHi, macLo } from "../wire/ethernet.ts";
import { Pfifo } from "./pfifo.ts";

/** dev->flags (include/uapi/linux/if.h). */
export const IFF_UP = 0x1;
export const IFF_BROADCAST = 0x2;
export const IFF_DEBUG = 0x4;
export const IFF_LOOPBACK = 0x8;
export const IFF_POINTOPOINT = 0x10;
export const IFF_RUNNING = 0x40;
export const IFF_NOARP = 0x80;
export const IFF_PROMISC = 0x100;
export const IFF_ALLMULTI = 0x200;
export const IFF_MULTICAST = 0x1000;
const IFF_LOWER_UP = 0x10000;

/** dev->features, of those in include/linux/netdev_features.h that matter here. */
export const NETIF_F_HW_CSUM = 0x1;
export const NETIF_F_RXCSUM = 0x2;
export const NETIF_F_LOOPBACK = 0x4;

const DEFAULT_TX_QUEUE_LEN = 1000;

/** What a driver implements. Every function is called in kernel context and must not sleep. */
export interface NetDeviceOps {
  /** Takes the packet (it then owns it) and returns true; or returns false (NETDEV_TX_BUSY), takes nothing, and calls netif_wake_queue later. */
  ndo_start_xmit(skb: SkBuff, dev: NetDevice): boolean;
  /** 0 or a negative errno. */
  ndo_open?(dev: NetDevice): number;
  ndo_stop?(dev: NetDevice): number;
  ndo_set_mac_address?(dev: NetDevice, address: Uint8Array): number;
  ndo_change_mtu?(dev: NetDevice, mtu: number): number;
}

export interface NetDeviceOptions {
  /** A name, or a pattern with %d. */
  readonly name: string;
  /** ARPHRD_*. @default ARPHRD_ETHER */
  readonly type?: number;
  /** @default 1500 */
  readonly mtu?: number;
  readonly address?: Uint8Array;
  /** @default IFF_BROADCAST | IFF_MULTICAST */
  readonly flags?: number;
  /** @default NETIF_F_HW_CSUM | NETIF_F_RXCSUM */
  readonly features?: number;
  /** Packets; 0 sends without a queue. @default 1000 */
  readonly tx_queue_len?: number;
  readonly min_mtu?: number;
  readonly max_mtu?: number;
  readonly ops: NetDeviceOps;
}

/** struct rtnl_link_stats64, the columns of /proc/net/dev. The stack counts; drivers add their errors. */
export class NetDeviceStats {
  rx_bytes = 0;
  rx_packets = 0;
  rx_errors = 0;
  rx_dropped = 0;
  rx_fifo_errors = 0;
  rx_frame_errors = 0;
  rx_compressed = 0;
  multicast = 0;
  tx_bytes = 0;
  tx_packets = 0;
  tx_errors = 0;
  tx_dropped = 0;
  tx_fifo_errors = 0;
  collisions = 0;
  tx_carrier_errors = 0;
  tx_compressed = 0;
}

export class NetDevice {
  name: string;
  /** 1 … once registered. */
  ifindex = 0;
  readonly type: number;
  readonly ops: NetDeviceOps;
  readonly features: number;
  mtu: number;
  readonly min_mtu: number;
  readonly max_mtu: number;
  /** Octets of the link header. */
  readonly hard_header_len: number;
  flags: number;
  readonly stats: NetDeviceStats = new NetDeviceStats();
  /** undefined: packets go to the driver at once, and are dropped when it is busy. */
  readonly qdisc: Pfifo | undefined;
  /** __QUEUE_STATE_DRV_XOFF. */
  isQueueStopped = false;
  hasCarrier = true;
  carrierUps = 0;
  carrierDowns = 0;
  /** Was up at least once: from then on it has its qdisc (dev_activate). */
  isActivated = false;
  /** Frames to other hosts that the link brought all the same. */
  rx_otherhost_dropped = 0;
  /** Waits for NET_TX to run its queue. */
  isScheduled = false;
  addrHi = 0;
  addrLo = 0;

  /** The kernel that it is registered in. */
  net: NetStack | undefined = undefined;
  ip_ptr: InDevice | undefined = undefined;
  arp_parms: NeighParms | undefined = undefined;
  readonly #address: Uint8Array = new Uint8Array(ETH_ALEN);

  constructor(options: NetDeviceOptions) {
    this.name = options.name;
    this.type = options.type ?? ARPHRD_ETHER;
    this.mtu = options.mtu ?? ETH_DATA_LEN;
    this.min_mtu = options.min_mtu ?? 68;
    this.max_mtu = options.max_mtu ?? 65_535;
    this.hard_header_len = ETH_HLEN;
    this.flags = options.flags ?? IFF_BROADCAST | IFF_MULTICAST;
    this.features = options.features ?? NETIF_F_HW_CSUM | NETIF_F_RXCSUM;
    this.ops = options.ops;
    const queueLength = options.tx_queue_len ?? DEFAULT_TX_QUEUE_LEN;
    this.qdisc = queueLength === 0 ? undefined : new Pfifo(queueLength);
    if (options.address !== undefined) this.setAddress(options.address);
  }

  /** Devices without a queue show the default, as `ip link` does for lo. */
  get tx_queue_len(): number {
    return this.qdisc?.limitPackets ?? DEFAULT_TX_QUEUE_LEN;
  }

  /** dev->dev_addr. Read-only. */
  get address(): Uint8Array {
    return this.#address;
  }

  setAddress(address: Uint8Array): void {
    this.#address.set(address);
    this.addrHi = macHi(address);
    this.addrLo = macLo(address);
  }

  get isUp(): boolean {
    return (this.flags & IFF_UP) !== 0;
  }

  get isLoopback(): boolean {
    return (this.flags & IFF_LOOPBACK) !== 0;
  }

  /** netif_running && netif_carrier_ok: packets can leave. */
  get isRunning(): boolean {
    return this.isUp && this.hasCarrier;
  }
}

/** dev_get_flags: the flags as programs see them. */
export function dev_get_flags(dev: NetDevice): number {
  return dev.isRunning ? dev.flags | IFF_RUNNING | IFF_LOWER_UP : dev.flags;
}
