import type { Frame, LklKernel } from "@dcejs/lkl-kernel";
import {
  NetDevice,
  type NetStack,
  netif_carrier_off,
  netif_carrier_on,
  netif_rx_frame,
  netif_wake_queue,
} from "@dcejs/net-stack";
import type { DceHandle } from "../dce-handle.ts";
import type { DeviceCalls } from "../handle-parts.ts";
import {
  DEV_CHANGED_ADDRESS,
  DEV_CHANGED_FLAGS,
  DEV_CHANGED_MTU,
  type DceKernel,
  SIM_DEV_BROADCAST,
  SIM_DEV_MULTICAST,
  SIM_DEV_NOARP,
  SIM_DEV_POINTTOPOINT,
  type SimDevice,
  type SimDevicePacket,
} from "../kernel-objects.ts";
import { IFF_BROADCAST, IFF_MULTICAST, IFF_NOARP, IFF_POINTOPOINT } from "../rtnl-request.ts";
import type { Forwarders } from "./forwarders.ts";

const ETHERNET_ADDRESS_OCTETS = 6;

/** A network card as the emulated kernel drives it: a NetDevice and an interrupt. */
class EmulatedDevice {
  readonly priv: object;
  readonly netdev: NetDevice;
  readonly #kernel: LklKernel;
  readonly #irq: number;
  /** Frames that the card has received and the kernel has not taken yet. */
  readonly #ring: (Frame | undefined)[] = [];
  #received = 0;
  #taken = 0;
  #hasRoom = false;
  #carrier: boolean | undefined;
  #isGone = false;

  constructor(kernel: LklKernel, priv: object, netdev: NetDevice) {
    this.#kernel = kernel;
    this.priv = priv;
    this.netdev = netdev;
    this.#irq = kernel.lkl_get_free_irq(netdev.name);
    kernel.request_irq(this.#irq, netdev.name, () => this.#interrupt());
  }

  receive(frame: Frame): void {
    this.#ring[this.#received++] = frame;
    if (this.#isGone || this.#kernel.lkl_trigger_irq(this.#irq) < 0) this.#discard();
  }

  wakeQueue(): void {
    this.#hasRoom = true;
    if (!this.#isGone) this.#kernel.lkl_trigger_irq(this.#irq);
  }

  setCarrier(isOn: boolean): void {
    this.#carrier = isOn;
    if (!this.#isGone) this.#kernel.lkl_trigger_irq(this.#irq);
  }

  remove(): void {
    this.#isGone = true;
    this.#kernel.free_irq(this.#irq);
    this.#kernel.lkl_put_irq(this.#irq, this.netdev.name);
    this.#discard();
  }

  /** The card's interrupt handler: what has happened since the last one. */
  #interrupt(): void {
    if (this.#carrier !== undefined) {
      if (this.#carrier) netif_carrier_on(this.netdev);
      else netif_carrier_off(this.netdev);
      this.#carrier = undefined;
    }
    if (this.#hasRoom) {
      this.#hasRoom = false;
      netif_wake_queue(this.netdev);
    }
    while (this.#taken < this.#received) {
      const frame = this.#ring[this.#taken];
      this.#ring[this.#taken++] = undefined;
      if (frame !== undefined) netif_rx_frame(this.netdev, frame);
    }
    // The array keeps its length: shortening it is a call into the engine's runtime.
    this.#received = 0;
    this.#taken = 0;
  }

  #discard(): void {
    for (const frame of this.#ring.splice(0)) frame?.release();
    this.#received = 0;
    this.#taken = 0;
  }
}

/** The device part of the emulated kernel's KernelHandle. */
export function emulatedDevices(
  forwarders: Forwarders,
  net: () => NetStack,
  imported: DceHandle,
  dce: DceKernel,
): DeviceCalls {
  const { kernel } = forwarders;
  const create = (name: string, priv: object, flags: number): EmulatedDevice => {
    const netdev = makeNetDevice(name, flags, imported, dce, () => device);
    net().register_netdevice(netdev);
    const device = new EmulatedDevice(kernel, priv, netdev);
    return device;
  };
  return {
    dev_create: (name, priv, flags) => forwarders.inEventContext(() => create(name, priv, flags)),
    dev_destroy: (device) => {
      const { netdev } = emulatedDevice(device);
      forwarders.inEventContext(() => net().unregister_netdevice(netdev));
      emulatedDevice(device).remove();
    },
    dev_get_private: (device) => emulatedDevice(device).priv,
    dev_set_address: (device, address) => {
      emulatedDevice(device).netdev.setAddress(address.subarray(0, ETHERNET_ADDRESS_OCTETS));
    },
    dev_set_mtu: (device, mtu) => {
      const { netdev } = emulatedDevice(device);
      forwarders.inEventContext(() => net().dev_set_mtu(netdev, mtu));
    },
    dev_create_packet: (_device, size): SimDevicePacket => {
      const skb = net().skbPool.alloc(size);
      skb.length = size;
      return { buffer: skb.bytes.subarray(skb.offset, skb.offset + size), token: skb };
    },
    dev_rx: (device, packet) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by dev_create_packet
      emulatedDevice(device).receive(packet.token as Frame);
    },
    dev_rx_frame: (device, frame) => emulatedDevice(device).receive(frame),
    dev_wake_queue: (device) => emulatedDevice(device).wakeQueue(),
    dev_set_carrier: (device, isOn) => emulatedDevice(device).setCarrier(isOn),
    dev_stats: (device, into) => {
      const { netdev } = emulatedDevice(device);
      const { stats } = netdev;
      into.rx_packets = stats.rx_packets;
      into.rx_bytes = stats.rx_bytes;
      into.rx_dropped = stats.rx_dropped;
      into.rx_errors = stats.rx_errors;
      into.tx_packets = stats.tx_packets;
      into.tx_bytes = stats.tx_bytes;
      into.tx_dropped = stats.tx_dropped + (netdev.qdisc?.drops ?? 0);
      into.tx_errors = stats.tx_errors;
    },
    dev_ifindex: (device) => emulatedDevice(device).netdev.ifindex,
    lo_tap: (see) => {
      const { ops } = net().loopback;
      const send = ops.ndo_start_xmit.bind(ops);
      ops.ndo_start_xmit = (skb, dev) => {
        see(skb);
        return send(skb, dev);
      };
      return 0;
    },
  };
}

function makeNetDevice(
  name: string,
  flags: number,
  imported: DceHandle,
  dce: DceKernel,
  device: () => EmulatedDevice,
): NetDevice {
  const changed = (what: number, value: number): number => {
    imported.dev_changed(dce, device(), what, value);
    return 0;
  };
  return new NetDevice({
    name,
    flags: netdeviceFlags(flags),
    ops: {
      ndo_start_xmit: (skb) => imported.dev_xmit_frame(dce, device(), skb),
      ndo_open: (dev) => changed(DEV_CHANGED_FLAGS, dev.flags),
      ndo_stop: (dev) => changed(DEV_CHANGED_FLAGS, dev.flags),
      ndo_change_mtu: (_dev, mtu) => changed(DEV_CHANGED_MTU, mtu),
      ndo_set_mac_address: () => changed(DEV_CHANGED_ADDRESS, 0),
    },
  });
}

function netdeviceFlags(flags: number): number {
  return (
    ((flags & SIM_DEV_NOARP) === 0 ? 0 : IFF_NOARP) |
    ((flags & SIM_DEV_POINTTOPOINT) === 0 ? 0 : IFF_POINTOPOINT) |
    ((flags & SIM_DEV_MULTICAST) === 0 ? 0 : IFF_MULTICAST) |
    ((flags & SIM_DEV_BROADCAST) === 0 ? 0 : IFF_BROADCAST)
  );
}

function emulatedDevice(device: SimDevice): EmulatedDevice {
  if (device instanceof EmulatedDevice) return device;
  throw new TypeError("not a device of this kernel");
}
