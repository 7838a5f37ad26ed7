/** Transmission (net/core/dev.c, net/sched/sch_generic.c): stack → qdisc → driver. */
import { Errno, NET_TX_SOFTIRQ } from "@dcejs/lkl-kernel";
import {
  CHECKSUM_PARTIAL,
  SKB_NO_DESTRUCTOR,
  SKB_SOCK_WFREE,
  kfree_skb,
  skb_ensure_writable,
} from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_checksum_help } from "../skbuff-checksum.ts";
import { sock_wfree } from "../socket/sock-memory.ts";
import { NETIF_F_HW_CSUM } from "./netdevice.ts";
import type { NetDevice } from "./netdevice.ts";
import { NET_XMIT_CN, NET_XMIT_SUCCESS } from "./pfifo.ts";

/** Packets that one run of a queue hands to the driver before the softirq is asked to go on. */
const DEV_TX_WEIGHT = 64;

/**
 * Sends a packet with its link header through `skb.dev`. Takes it over.
 * @returns NET_XMIT_SUCCESS, NET_XMIT_DROP, NET_XMIT_CN, or -ENETDOWN.
 */
export function dev_queue_xmit(skb: SkBuff): number {
  const dev = skb.dev;
  if (dev === undefined) throw new Error("dev_queue_xmit: the packet has no device");
  if (!dev.isUp) {
    dev.stats.tx_dropped++;
    kfree_skb(skb);
    return -Errno.ENETDOWN;
  }
  const qdisc = dev.qdisc;
  if (qdisc === undefined) {
    if (dev_hard_start_xmit(skb, dev)) return NET_XMIT_SUCCESS;
    dev.stats.tx_dropped++;
    kfree_skb(skb);
    return -Errno.ENETDOWN;
  }
  if (!dev.hasCarrier) {
    // Without carrier Linux has put the noop qdisc in front of the device (dev_deactivate).
    qdisc.drops++;
    kfree_skb(skb);
    return NET_XMIT_CN;
  }
  if (qdisc.qlen === 0 && !dev.isQueueStopped) {
    if (!dev_hard_start_xmit(skb, dev)) qdisc.requeue(skb);
    return NET_XMIT_SUCCESS;
  }
  const verdict = qdisc.enqueue(skb);
  qdisc_run(dev);
  return verdict;
}

/** Hands queued packets to the driver while it takes them. */
function qdisc_run(dev: NetDevice): void {
  const qdisc = dev.qdisc;
  if (qdisc === undefined || !dev.isRunning) return;
  for (let quota = DEV_TX_WEIGHT; !dev.isQueueStopped; quota--) {
    if (quota === 0) {
      if (qdisc.qlen > 0) netif_schedule(dev);
      return;
    }
    const skb = qdisc.dequeue();
    if (skb === undefined) return;
    if (!dev_hard_start_xmit(skb, dev)) qdisc.requeue(skb);
  }
}

/**
 * One packet to the driver. False: the driver is busy and the packet is still the caller's; the queue is
 * stopped until the driver calls netif_wake_queue. Once taken the packet owes its socket nothing.
 */
function dev_hard_start_xmit(skb: SkBuff, dev: NetDevice): boolean {
  if (skb.ip_summed === CHECKSUM_PARTIAL && (dev.features & NETIF_F_HW_CSUM) === 0) {
    skb_ensure_writable(skb);
    skb_checksum_help(skb);
  }
  const { length, truesize } = skb;
  // What belongs to this kernel must not travel with the packet to another one.
  const { sk, destructor, dst } = skb;
  skb.sk = undefined;
  skb.destructor = SKB_NO_DESTRUCTOR;
  if (!dev.isLoopback) skb.dst = undefined;
  if (!dev.ops.ndo_start_xmit(skb, dev)) {
    skb.sk = sk;
    skb.destructor = destructor;
    skb.dst = dst;
    dev.isQueueStopped = true;
    return false;
  }
  dev.stats.tx_packets++;
  dev.stats.tx_bytes += length;
  if (sk !== undefined && destructor === SKB_SOCK_WFREE) sock_wfree(sk, truesize);
  return true;
}

/** The driver's ring is full: nothing is sent until netif_wake_queue. */
export function netif_stop_queue(dev: NetDevice): void {
  dev.isQueueStopped = true;
}

/** The driver has room again. To be called in interrupt context: the queue runs in the NET_TX softirq. */
export function netif_wake_queue(dev: NetDevice): void {
  if (!dev.isQueueStopped) return;
  dev.isQueueStopped = false;
  if (dev.qdisc !== undefined && dev.qdisc.qlen > 0) netif_schedule(dev);
}

/** netif_start_queue: as netif_wake_queue, when nothing can be waiting. */
export function netif_start_queue(dev: NetDevice): void {
  dev.isQueueStopped = false;
}

function netif_schedule(dev: NetDevice): void {
  const net = dev.net;
  if (net === undefined || dev.isScheduled) return;
  dev.isScheduled = true;
  net.softnet.output_queue.push(dev);
  net.kernel.raise_softirq(NET_TX_SOFTIRQ);
}

/** NET_TX softirq. */
export function net_tx_action(outputQueue: NetDevice[]): void {
  for (let n = outputQueue.length; n > 0; n--) {
    const dev = outputQueue.shift();
    if (dev === undefined) return;
    dev.isScheduled = false;
    qdisc_run(dev);
  }
}
