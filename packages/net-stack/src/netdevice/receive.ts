/** Reception (net/core/dev.c): driver → backlog → NET_RX softirq → protocols. */
import { NET_RX_SOFTIRQ } from "@dcejs/lkl-kernel";
import type { Frame } from "@dcejs/lkl-kernel";
import { arp_rcv } from "../arp/arp.ts";
import { ip_rcv } from "../ip/input.ts";
import type { NetStack } from "../net-stack.ts";
import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  SkBuff,
  copyBytes,
  kfree_skb,
  skb_pull,
} from "../skbuff.ts";
import { SkBuffHead, skb_dequeue, skb_queue_purge, skb_queue_tail } from "../skbuff-queue.ts";
import {
  BROADCAST_HI,
  BROADCAST_LO,
  ETH_HLEN,
  ETH_P_802_2,
  ETH_P_802_3_MIN,
  ETH_P_ARP,
  ETH_P_IP,
} from "../wire/ethernet.ts";
import type { NetDevice } from "./netdevice.ts";

const NET_RX_SUCCESS = 0;
const NET_RX_DROP = 1;

/** Headroom of packets that are copied in from a frame of another kind. */
const NET_SKB_PAD = 64;

/** struct softnet_data: the backlog between interrupts and the softirq, and devices that wait for NET_TX. */
export class SoftnetData {
  readonly input_pkt_queue: SkBuffHead = new SkBuffHead();
  readonly output_queue: NetDevice[] = [];
  processed = 0;
  dropped = 0;
  /** Times that the budget was used up with packets left. */
  time_squeeze = 0;

  /** Frees what waits. */
  purge(): void {
    skb_queue_purge(this.input_pkt_queue);
    this.output_queue.length = 0;
  }
}

/** A frame from the wire: the driver's receive interrupt. Takes it over. */
export function netif_rx_frame(dev: NetDevice, frame: Frame): number {
  const net = dev.net;
  if (net === undefined || !dev.isUp) {
    dev.stats.rx_dropped++;
    frame.release();
    return NET_RX_DROP;
  }
  if (dev.isLoopback && frame instanceof SkBuff) return netif_rx(frame, dev);
  const skb = frame instanceof SkBuff ? skb_from_wire(frame) : skb_from_frame(net, frame);
  return netif_rx(skb, dev);
}

/** What the sender's kernel knew about the packet is nothing that a wire transports (skb_scrub_packet). */
function skb_from_wire(skb: SkBuff): SkBuff {
  skb.priority = 0;
  skb.mark = 0;
  skb.tstamp = 0;
  skb.skb_iif = 0;
  skb.ignore_df = false;
  skb.ipcb_optlen = 0;
  skb.ipcb_flags = 0;
  skb.ipcb_frag_max_size = 0;
  skb.frag_offset = 0;
  skb.peeked = 0;
  skb.ip_summed = skb.csumStart >= 0 ? CHECKSUM_PARTIAL : CHECKSUM_NONE;
  return skb;
}

function skb_from_frame(net: NetStack, frame: Frame): SkBuff {
  const { length } = frame;
  const skb = net.skbPool.alloc(NET_SKB_PAD + length);
  skb.offset = NET_SKB_PAD;
  skb.length = length;
  copyBytes(frame.bytes, frame.offset, skb.bytes, NET_SKB_PAD, length);
  if (frame.csumStart >= 0) {
    skb.csumStart = frame.csumStart - frame.offset + NET_SKB_PAD;
    skb.csumOffset = frame.csumOffset;
    skb.ip_summed = CHECKSUM_PARTIAL;
  }
  frame.release();
  return skb;
}

/**
 * Queues a packet, link header first, for the NET_RX softirq. Takes it over.
 * @returns NET_RX_SUCCESS; NET_RX_DROP when net.core.netdev_max_backlog packets wait already.
 */
export function netif_rx(skb: SkBuff, dev: NetDevice): number {
  const net = dev.net;
  if (net === undefined) throw new Error(`netif_rx: ${dev.name} is not registered`);
  const softnet = net.softnet;
  if (softnet.input_pkt_queue.qlen > net.core.netdev_max_backlog.value) {
    softnet.dropped++;
    dev.stats.rx_dropped++;
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  dev.stats.rx_packets++;
  dev.stats.rx_bytes += skb.length;
  skb.dev = dev;
  skb_queue_tail(softnet.input_pkt_queue, skb);
  if (softnet.input_pkt_queue.qlen === 1) net.kernel.raise_softirq(NET_RX_SOFTIRQ);
  return NET_RX_SUCCESS;
}

/** NET_RX softirq: at most net.core.netdev_budget packets a round. */
export function net_rx_action(net: NetStack): void {
  const softnet = net.softnet;
  for (let budget = net.core.netdev_budget.value; ; budget--) {
    if (budget <= 0) {
      if (softnet.input_pkt_queue.qlen === 0) return;
      softnet.time_squeeze++;
      net.kernel.raise_softirq(NET_RX_SOFTIRQ);
      return;
    }
    const skb = skb_dequeue(softnet.input_pkt_queue);
    if (skb === undefined) return;
    softnet.processed++;
    netif_receive_skb(net, skb);
  }
}

/** Takes the link header off and hands the packet to its protocol. Takes it over. */
export function netif_receive_skb(net: NetStack, skb: SkBuff): void {
  const dev = skb.dev;
  if (dev === undefined || !dev.isUp || !eth_type_trans(skb, dev)) {
    if (dev !== undefined) dev.stats.rx_dropped++;
    kfree_skb(skb);
    return;
  }
  skb.skb_iif = dev.ifindex;
  if (skb.protocol === ETH_P_IP) ip_rcv(net, skb, dev);
  else if (skb.protocol === ETH_P_ARP) arp_rcv(net, skb, dev);
  else {
    // Nobody speaks this protocol (rx_nohandler).
    dev.stats.rx_dropped++;
    kfree_skb(skb);
  }
}

/** Whose is it, and what is in it? False: too short to be a frame. */
function eth_type_trans(skb: SkBuff, dev: NetDevice): boolean {
  const mac = skb.offset;
  if (!skb_pull(skb, ETH_HLEN)) {
    dev.stats.rx_frame_errors++;
    return false;
  }
  skb.mac_header = mac;
  skb.mac_len = ETH_HLEN;
  skb.network_header = skb.offset;
  skb.transport_header = skb.offset;
  const view = skb.view;
  const destHi = view.getUint16(mac);
  const destLo = view.getUint32(mac + 2);
  if (destHi === dev.addrHi && destLo === dev.addrLo) skb.pkt_type = PACKET_HOST;
  else if ((destHi & 0x100) !== 0) {
    const isBroadcast = destHi === BROADCAST_HI && destLo === BROADCAST_LO;
    skb.pkt_type = isBroadcast ? PACKET_BROADCAST : PACKET_MULTICAST;
    if (!isBroadcast) dev.stats.multicast++;
  } else {
    skb.pkt_type = PACKET_OTHERHOST;
  }
  const type = view.getUint16(mac + 12);
  skb.protocol = type >= ETH_P_802_3_MIN ? type : ETH_P_802_2;
  return true;
}
