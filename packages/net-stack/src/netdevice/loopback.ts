/** The loopback device (drivers/net/loopback.c): what is sent comes back through the backlog. */
import { kfree_skb } from "../skbuff.ts";
import { skb_orphan } from "../skbuff-pool.ts";
import { ARPHRD_LOOPBACK } from "../wire/arp.ts";
import {
  IFF_LOOPBACK,
  NETIF_F_HW_CSUM,
  NETIF_F_LOOPBACK,
  NETIF_F_RXCSUM,
  NetDevice,
} from "./netdevice.ts";
import { netif_rx_frame } from "./receive.ts";

const LOOPBACK_MTU = 65_536;

export function createLoopback(): NetDevice {
  return new NetDevice({
    name: "lo",
    type: ARPHRD_LOOPBACK,
    mtu: LOOPBACK_MTU,
    flags: IFF_LOOPBACK,
    features: NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_LOOPBACK,
    tx_queue_len: 0,
    min_mtu: 0,
    max_mtu: 0x7fffffff,
    ops: {
      ndo_start_xmit(skb, dev) {
        skb_orphan(skb);
        if (dev.net === undefined) kfree_skb(skb);
        else netif_rx_frame(dev, skb);
        return true;
      },
    },
  });
}
