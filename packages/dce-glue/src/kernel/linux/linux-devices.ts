import type { LinuxKernel } from "@dcejs/linux";
import type { Frame } from "@dcejs/lkl-kernel";
import { FramePool } from "@dcejs/links";
import type { DceHandle } from "../dce-handle.ts";
import type { DeviceCalls } from "../handle-parts.ts";
import type { DceKernel, SimDevice, SimDevicePacket, SimDeviceStats } from "../kernel-objects.ts";
import type { LinuxCalls } from "./linux-calls.ts";
import { NR } from "./linux-syscall-numbers.ts";
import type { LinuxPackage } from "./linux-package.ts";
import type { LinuxRuntime } from "./linux-runtime.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCSIFMTU = 0x8922;
const SIOCSIFHWADDR = 0x8924;
const SIOCGIFNAME = 0x8910;
const ARPHRD_ETHER = 1;
const IFNAMSIZ = 16;
const IFREQ_SIZE = 32;
const ETHERNET_ADDRESS_OCTETS = 6;

const encoder = new TextEncoder();

/** A network card as real Linux drives it: arch/wasm/kernel/simnet.c. */
class LinuxDevice {
  readonly priv: object;
  readonly card: number;
  readonly ifindex: number;

  constructor(priv: object, card: number, ifindex: number) {
    this.priv = priv;
    this.card = card;
    this.ifindex = ifindex;
  }
}

function linuxDevice(device: SimDevice): LinuxDevice {
  if (device instanceof LinuxDevice) return device;
  throw new TypeError("not a device of this kernel");
}

/** The cards of one kernel: what its driver calls, and the device part of its KernelHandle. */
export class LinuxDevices {
  readonly #linux: LinuxPackage;
  readonly #imported: DceHandle;
  readonly #dce: DceKernel;
  readonly #runtime: () => LinuxRuntime;
  readonly #calls: () => LinuxCalls;
  readonly #frames = new FramePool();
  #isSetting = false;
  #seeLoopback: ((frame: Frame) => void) | undefined = undefined;
  readonly #cards: (LinuxDevice | undefined)[] = [];

  constructor(
    linux: LinuxPackage,
    imported: DceHandle,
    dce: DceKernel,
    runtime: () => LinuxRuntime,
    calls: () => LinuxCalls,
  ) {
    this.#linux = linux;
    this.#imported = imported;
    this.#dce = dce;
    this.#runtime = runtime;
    this.#calls = calls;
  }

  /** Frames on their way that are still this kernel's. */
  get liveFrames(): number {
    return this.#frames.live;
  }

  xmit(card: number, data: number, length: number, csumStart: number, csumOffset: number): boolean {
    const device = this.#cards[card];
    if (device === undefined) return true;
    const frame = this.#frameOf(data, length, csumStart, csumOffset);
    if (this.#imported.dev_xmit_frame(this.#dce, device, frame)) return true;
    frame.release();
    return false;
  }

  loFrame(data: number, length: number, csumStart: number, csumOffset: number): void {
    const frame = this.#frameOf(data, length, csumStart, csumOffset);
    this.#seeLoopback?.(frame);
    frame.release();
  }

  devChanged(card: number, what: number, value: number): void {
    const device = this.#cards[card];
    // What the simulator itself has set it need not be told.
    if (device !== undefined && !this.#isSetting)
      this.#imported.dev_changed(this.#dce, device, what, value);
  }

  /** The node is halted, and its kernel is others' too. */
  removeAll(): void {
    for (const [card, device] of this.#cards.entries()) {
      if (device !== undefined) this.#remove(card);
    }
  }

  #remove(card: number): void {
    this.#cards[card] = undefined;
    this.#runtime().removeCard(card);
    // It may have to wait until nobody holds the device: that is the kernel's own business.
    this.#calls().detach(this.#linux.ARCH_NET_DESTROY, card);
  }

  get handle(): DeviceCalls {
    return {
      dev_create: (name, priv, flags) => this.#create(name, priv, flags),
      dev_destroy: (device) => this.#remove(linuxDevice(device).card),
      dev_get_private: (device) => linuxDevice(device).priv,
      dev_set_address: (device, address) => this.#setAddress(linuxDevice(device), address),
      dev_set_mtu: (device, mtu) => this.#setMtu(linuxDevice(device), mtu),
      dev_create_packet: (_device, size): SimDevicePacket => {
        const frame = this.#frames.alloc(size);
        return { buffer: frame.bytes.subarray(frame.offset, frame.offset + size), token: frame };
      },
      dev_rx: (device, packet) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by dev_create_packet
        this.#receive(linuxDevice(device), packet.token as Frame);
      },
      dev_rx_frame: (device, frame) => this.#receive(linuxDevice(device), frame),
      dev_wake_queue: (device) => this.#kernel.netWake(linuxDevice(device).card),
      dev_set_carrier: (device, isOn) => this.#kernel.netCarrier(linuxDevice(device).card, isOn),
      dev_stats: (device, stats) => this.#stats(linuxDevice(device), stats),
      dev_ifindex: (device) => linuxDevice(device).ifindex,
      lo_tap: (see) => {
        this.#seeLoopback = see;
        const runtime = this.#runtime();
        const { host } = this.#calls().service;
        return runtime.kernel.tapLoopback(host, runtime.addLoopback(this));
      },
    };
  }

  #frameOf(data: number, length: number, csumStart: number, csumOffset: number): Frame {
    const frame = this.#frames.alloc(length);
    const { u8 } = this.#calls().kernel.machine;
    frame.bytes.set(u8.subarray(data, data + length), frame.offset);
    if (csumStart >= 0) {
      frame.csumStart = frame.offset + csumStart;
      frame.csumOffset = csumOffset;
    }
    return frame;
  }

  get #kernel(): LinuxKernel {
    return this.#calls().kernel;
  }

  #create(name: string, priv: object, flags: number): LinuxDevice {
    const calls = this.#calls();
    const { kernel, service } = calls;
    const { u8 } = kernel.machine;
    const room = service.data(IFREQ_SIZE);
    u8.fill(0, room, room + IFREQ_SIZE);
    u8.set(encoder.encode(name).subarray(0, IFNAMSIZ - 1), room);
    // Until dev_set_address the card has a locally administered address, as register_netdev wants one.
    u8[room + IFNAMSIZ] = 2;
    const card = calls.serve(this.#linux.ARCH_NET_CREATE, room, room + IFNAMSIZ, flags);
    if (card < 0) throw new Error(`${kernel.name}: dev_create ${name}: ${card}`);
    const device = new LinuxDevice(priv, card, kernel.machine.out);
    this.#cards[card] = device;
    this.#runtime().addCard(card, this);
    return device;
  }

  #receive(device: LinuxDevice, frame: Frame): void {
    const { csumStart, offset } = frame;
    this.#kernel.netReceive(
      device.card,
      frame.bytes,
      offset,
      frame.length,
      csumStart < 0 ? -1 : csumStart - offset,
      frame.csumOffset,
    );
    frame.release();
  }

  #setAddress(device: LinuxDevice, address: Uint8Array): void {
    this.#ifreq(device, SIOCSIFHWADDR, (request, at) => {
      request.u8[at] = ARPHRD_ETHER;
      request.u8.set(address.subarray(0, ETHERNET_ADDRESS_OCTETS), at + 2);
    });
  }

  #setMtu(device: LinuxDevice, mtu: number): void {
    this.#ifreq(device, SIOCSIFMTU, (request, at) => request.view.setUint32(at, mtu, true));
  }

  /** @param fill writes what follows the name */
  #ifreq(
    device: LinuxDevice,
    request: number,
    fill: (machine: LinuxKernel["machine"], at: number) => void,
  ): void {
    const calls = this.#calls();
    const { machine } = calls.kernel;
    const fd = calls.serve(NR.socket, AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) return;
    const room = calls.service.data(IFREQ_SIZE);
    machine.u8.fill(0, room, room + IFREQ_SIZE);
    machine.view.setUint32(room + IFNAMSIZ, device.ifindex, true);
    calls.serve(NR.ioctl, fd, SIOCGIFNAME, room);
    machine.u8.fill(0, room + IFNAMSIZ, room + IFREQ_SIZE);
    fill(machine, room + IFNAMSIZ);
    this.#isSetting = true;
    calls.serve(NR.ioctl, fd, request, room);
    this.#isSetting = false;
    calls.serve(NR.close, fd);
  }

  #stats(device: LinuxDevice, into: SimDeviceStats): void {
    const kernel = this.#kernel;
    const { view } = kernel.machine;
    const at = kernel.machine.exports.wasm_net_stats(device.card);
    if (at === 0) return;
    const counter = (index: number): number =>
      view.getUint32(at + 8 * index, true) + view.getUint32(at + 8 * index + 4, true) * 2 ** 32;
    into.rx_packets = counter(0);
    into.rx_bytes = counter(1);
    into.rx_dropped = counter(2);
    into.rx_errors = counter(3);
    into.tx_packets = counter(4);
    into.tx_bytes = counter(5);
    into.tx_dropped = counter(6);
    into.tx_errors = counter(7);
  }
}
