// SPDX-License-Identifier: GPL-2.0
/*
 * The driver of the simulated network card: an Ethernet device whose ring is the host's port. A frame goes out by a
 * call of the host, which may say that the ring is full; it comes in through NAPI, as cards do it. The card stores
 * checksums itself (like virtio-net, a frame may travel with a partial one), gathers fragments, and does not segment:
 * one frame of the kernel is one frame on the cable.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <asm/host.h>
#include <asm/release.h>

/* Of all namespaces of a kernel. */
#define CARDS_MAX 4096
#define FRAME_MAX (65535 + ETH_HLEN)
/* A frame has at least its header. */
#define FRAME_MIN ETH_HLEN
/* Received frames that wait for NAPI; more are dropped, as by a ring that the kernel does not empty. */
#define RX_RING 1024

/* dce-glue's SIM_DEV_* */
enum { CARD_NOARP = 1, CARD_POINTTOPOINT = 2, CARD_MULTICAST = 4, CARD_BROADCAST = 8 };

struct simnet {
	struct net_device *dev;
	struct napi_struct napi;
	struct sk_buff_head received;
	unsigned int card;
	bool is_interrupting;
	struct simnet *next_interrupting;
};

static struct simnet *cards[CARDS_MAX];
static struct sk_buff *arriving;
/* A frame of several fragments is gathered here for the host to copy. Nothing can interrupt a transmission. */
static u8 *gathered;

static netdev_tx_t simnet_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct simnet *net = netdev_priv(dev);
	const void *data = skb->data;
	int start = -1, offset = 0;

	if (skb_is_nonlinear(skb)) {
		skb_copy_bits(skb, 0, gathered, skb->len);
		data = gathered;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		start = skb_checksum_start_offset(skb);
		offset = skb->csum_offset;
	}
	skb_tx_timestamp(skb);
	if (!host_xmit(net->card, data, skb->len, start, offset)) {
		netif_stop_queue(dev);
		return NETDEV_TX_BUSY;
	}
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += skb->len;
	dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

static int simnet_poll(struct napi_struct *napi, int budget)
{
	struct simnet *net = container_of(napi, struct simnet, napi);
	struct sk_buff *skb;
	int done = 0;

	while (done < budget && (skb = __skb_dequeue(&net->received))) {
		net->dev->stats.rx_packets++;
		net->dev->stats.rx_bytes += skb->len;
		skb->protocol = eth_type_trans(skb, net->dev);
		napi_gro_receive(napi, skb);
		done++;
	}
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/* The card that the host has given a frame to; in the middle of a switch there may be more than one. */
static struct simnet *interrupting;

static irqreturn_t simnet_interrupt(int irq, void *unused)
{
	struct simnet *net = interrupting;

	interrupting = NULL;
	while (net) {
		struct simnet *next = net->next_interrupting;

		net->is_interrupting = false;
		napi_schedule(&net->napi);
		net = next;
	}
	return IRQ_HANDLED;
}

static void interrupt(struct simnet *net)
{
	if (net->is_interrupting)
		return;
	net->is_interrupting = true;
	net->next_interrupting = interrupting;
	interrupting = net;
}

static int simnet_open(struct net_device *dev)
{
	struct simnet *net = netdev_priv(dev);

	napi_enable(&net->napi);
	netif_start_queue(dev);
	return 0;
}

static int simnet_stop(struct net_device *dev)
{
	struct simnet *net = netdev_priv(dev);

	netif_stop_queue(dev);
	napi_disable(&net->napi);
	__skb_queue_purge(&net->received);
	return 0;
}

static int simnet_change_mtu(struct net_device *dev, int mtu)
{
	struct simnet *net = netdev_priv(dev);

	WRITE_ONCE(dev->mtu, mtu);
	host_dev_changed(net->card, HOST_DEV_MTU, mtu);
	return 0;
}

static int simnet_set_mac_address(struct net_device *dev, void *address)
{
	struct simnet *net = netdev_priv(dev);
	int error = eth_mac_addr(dev, address);

	if (!error)
		host_dev_changed(net->card, HOST_DEV_ADDRESS, (u32)(unsigned long)dev->dev_addr);
	return error;
}

static const struct net_device_ops simnet_ops = {
	.ndo_open = simnet_open,
	.ndo_stop = simnet_stop,
	.ndo_start_xmit = simnet_xmit,
	.ndo_change_mtu = simnet_change_mtu,
	.ndo_set_mac_address = simnet_set_mac_address,
	.ndo_validate_addr = eth_validate_addr,
};

static void simnet_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "simnet", sizeof(info->driver));
}

static const struct ethtool_ops simnet_ethtool_ops = {
	.get_drvinfo = simnet_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ts_info = ethtool_op_get_ts_info,
};

static int simnet_event(struct notifier_block *block, unsigned long event, void *pointer)
{
	struct net_device *dev = netdev_notifier_info_to_dev(pointer);
	struct simnet *net;

	if (dev->netdev_ops != &simnet_ops)
		return NOTIFY_DONE;
	net = netdev_priv(dev);
	if (event == NETDEV_UP || event == NETDEV_DOWN || event == NETDEV_CHANGE)
		host_dev_changed(net->card, HOST_DEV_FLAGS, dev_get_flags(dev));
	if (event == NETDEV_CHANGENAME)
		host_dev_changed(net->card, HOST_DEV_NAME, 0);
	return NOTIFY_DONE;
}

static struct notifier_block simnet_block = { .notifier_call = simnet_event };

static void simnet_setup(struct net_device *dev, unsigned int flags)
{
	dev->netdev_ops = &simnet_ops;
	dev->ethtool_ops = &simnet_ethtool_ops;
	dev->max_mtu = FRAME_MAX - ETH_HLEN;
	dev->hw_features = NETIF_F_SG | NETIF_F_HW_CSUM;
	dev->features |= dev->hw_features | NETIF_F_HIGHDMA;
	dev->flags &= ~(IFF_BROADCAST | IFF_MULTICAST);
	if (flags & CARD_NOARP)
		dev->flags |= IFF_NOARP;
	if (flags & CARD_POINTTOPOINT)
		dev->flags |= IFF_POINTOPOINT;
	if (flags & CARD_MULTICAST)
		dev->flags |= IFF_MULTICAST;
	if (flags & CARD_BROADCAST)
		dev->flags |= IFF_BROADCAST;
}

/* Task context. Returns the number of the card; its ifindex is in wasm_machine.out. */
int wasm_net_create(const char *name, const u8 *address, unsigned int flags)
{
	struct net_device *dev;
	struct simnet *net;
	unsigned int card;
	int error;

	for (card = 0; card < CARDS_MAX && cards[card]; card++)
		;
	if (card == CARDS_MAX)
		return -ENOSPC;
	dev = alloc_netdev(sizeof(struct simnet), name, NET_NAME_PREDICTABLE, ether_setup);
	if (!dev)
		return -ENOMEM;
	dev_net_set(dev, current->nsproxy->net_ns);
	net = netdev_priv(dev);
	net->dev = dev;
	net->card = card;
	__skb_queue_head_init(&net->received);
	simnet_setup(dev, flags);
	eth_hw_addr_set(dev, address);
	netif_napi_add(dev, &net->napi, simnet_poll);
	cards[card] = net;
	error = register_netdev(dev);
	if (error) {
		cards[card] = NULL;
		free_netdev(dev);
		return error;
	}
	/* The host says whether there is a cable: `ip link` shows UP or DOWN then, and not UNKNOWN. */
	netif_carrier_off(dev);
	wasm_machine.out = dev->ifindex;
	return card;
}

static struct simnet *card_of(unsigned int card)
{
	return card < CARDS_MAX ? cards[card] : NULL;
}

/* Task context; may sleep until nobody holds the device. */
int wasm_net_destroy(unsigned int card)
{
	struct simnet *net = card_of(card);

	if (!net)
		return -ENODEV;
	unregister_netdev(net->dev);
	cards[card] = NULL;
	free_netdev(net->dev);
	return 0;
}

/*
 * Room for a frame of `length` octets that the host fills before wasm_net_receive(). NULL, and the frame is counted as
 * dropped, when the device is not there or down, memory or the ring is full, or no card would take a frame so long or so
 * short. Plain calls from here on.
 */
void *wasm_net_room(unsigned int card, unsigned int length);
void *wasm_net_room(unsigned int card, unsigned int length)
{
	struct simnet *net = card_of(card);
	struct sk_buff *skb = NULL;

	if (!net || !netif_running(net->dev))
		return NULL;
	if (length < FRAME_MIN || length > FRAME_MAX) {
		net->dev->stats.rx_length_errors++;
		net->dev->stats.rx_errors++;
		return NULL;
	}
	if (skb_queue_len(&net->received) < RX_RING)
		skb = netdev_alloc_skb_ip_align(net->dev, length);
	if (!skb) {
		net->dev->stats.rx_dropped++;
		return NULL;
	}
	arriving = skb;
	return skb_put(skb, length);
}

/*
 * The frame is in its room. csum_start < 0: its checksum is complete and nobody has looked at it. This
 * call and the next two return wasm_cpu_is_busy().
 */
bool wasm_net_receive(unsigned int card, int csum_start, unsigned int csum_offset);
bool wasm_net_receive(unsigned int card, int csum_start, unsigned int csum_offset)
{
	struct sk_buff *skb = arriving;

	arriving = NULL;
	if (csum_start >= 0 && !skb_partial_csum_set(skb, csum_start, csum_offset)) {
		cards[card]->dev->stats.rx_frame_errors++;
		kfree_skb(skb);
		return wasm_cpu_is_busy();
	}
	__skb_queue_tail(&cards[card]->received, skb);
	interrupt(cards[card]);
	return wasm_irq(1 << WASM_IRQ_NET);
}

/* The ring has room again. */
bool wasm_net_wake(unsigned int card);
bool wasm_net_wake(unsigned int card)
{
	struct simnet *net = card_of(card);

	if (net)
		netif_wake_queue(net->dev);
	return wasm_irq(1 << WASM_IRQ_NET);
}

bool wasm_net_carrier(unsigned int card, bool is_on);
bool wasm_net_carrier(unsigned int card, bool is_on)
{
	struct simnet *net = card_of(card);

	if (net && is_on)
		netif_carrier_on(net->dev);
	else if (net)
		netif_carrier_off(net->dev);
	return wasm_irq(1 << WASM_IRQ_NET);
}

/* Eight 64-bit counters, in the order of dce-glue's SimDeviceStats. */
void *wasm_net_stats(unsigned int card);
void *wasm_net_stats(unsigned int card)
{
	static u64 out[8];
	struct rtnl_link_stats64 stats = {};
	struct simnet *net = card_of(card);

	if (!net)
		return NULL;
	dev_get_stats(net->dev, &stats);
	out[0] = stats.rx_packets;
	out[1] = stats.rx_bytes;
	out[2] = stats.rx_dropped;
	out[3] = stats.rx_errors;
	out[4] = stats.tx_packets;
	out[5] = stats.tx_bytes;
	out[6] = stats.tx_dropped;
	out[7] = stats.tx_errors;
	return out;
}

static int __init simnet_init(void)
{
	gathered = kmalloc(FRAME_MAX, GFP_KERNEL);
	if (!gathered)
		return -ENOMEM;
	register_netdevice_notifier(&simnet_block);
	return request_irq(WASM_IRQ_NET, simnet_interrupt, 0, "simnet", NULL);
}
device_initcall(simnet_init);
