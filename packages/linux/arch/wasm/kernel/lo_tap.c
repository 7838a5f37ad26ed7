// SPDX-License-Identifier: GPL-2.0
/*
 * Shows the host every frame that a loopback device carries, as a packet socket bound to it would see them go out.
 * Other devices are watched where their cables are.
 */
#include <linux/if_ether.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <asm/host.h>

struct lo_tap {
	struct packet_type type;
	unsigned int cookie;
	struct list_head list;
};

static LIST_HEAD(taps);

/* A frame of several fragments is gathered here. */
static u8 gathered[65536 + ETH_HLEN];

static int see_frame(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
		     struct net_device *original)
{
	struct lo_tap *tap = container_of(type, struct lo_tap, type);
	const void *data = skb->data;
	int start = -1, offset = 0;

	/* What goes out of lo comes in again, and is told twice. */
	if (skb->pkt_type != PACKET_OUTGOING || skb->len > sizeof(gathered))
		goto out;
	if (skb_is_nonlinear(skb)) {
		skb_copy_bits(skb, 0, gathered, skb->len);
		data = gathered;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		start = skb_checksum_start_offset(skb);
		offset = skb->csum_offset;
	}
	host_lo_frame(tap->cookie, data, skb->len, start, offset);
out:
	consume_skb(skb);
	return 0;
}

/* A namespace ends, and its loopback device: nobody may watch it any more. */
static int device_event(struct notifier_block *block, unsigned long event, void *pointer)
{
	struct net_device *dev = netdev_notifier_info_to_dev(pointer);
	struct lo_tap *tap, *next;

	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	list_for_each_entry_safe(tap, next, &taps, list) {
		if (tap->type.dev != dev)
			continue;
		list_del(&tap->list);
		dev_remove_pack(&tap->type);
		kfree(tap);
	}
	return NOTIFY_DONE;
}

static struct notifier_block device_block = { .notifier_call = device_event };

/* Task context: for the network namespace of the caller. */
int wasm_lo_tap(unsigned int cookie)
{
	struct lo_tap *tap = kzalloc(sizeof(*tap), GFP_KERNEL);

	if (!tap)
		return -ENOMEM;
	tap->cookie = cookie;
	tap->type.type = htons(ETH_P_ALL);
	tap->type.func = see_frame;
	tap->type.dev = current->nsproxy->net_ns->loopback_dev;
	dev_add_pack(&tap->type);
	list_add(&tap->list, &taps);
	return 0;
}

static int __init lo_tap_init(void)
{
	return register_netdevice_notifier(&device_block);
}
device_initcall(lo_tap_init);
