import type { Frame, Port, PortClient } from "@dcejs/links";
import type { KernelHandle } from "./kernel-handle.ts";
import type { SimDevice, SimDeviceStats } from "./kernel-objects.ts";
import {
  DEV_CHANGED_ADDRESS,
  DEV_CHANGED_FLAGS,
  DEV_CHANGED_MTU,
  DEV_CHANGED_NAME,
  SIM_DEV_BROADCAST,
  SIM_DEV_MULTICAST,
} from "./kernel-objects.ts";

/**
 * A network card: the port of a link on one side, a device of the node's kernel on the other. It is
 * the `priv` of `dev_create`, as ns-3's NetDevice is in DCE.
 */
export class SimNic implements PortClient {
  readonly port: Port;
  /** Name at the time of dev_create: "sim0". */
  readonly name: string;
  readonly address: Uint8Array;
  /** Octets; follows what the kernel's user sets. */
  mtu: number;
  /** IFF_* bits of the kernel's device, as the kernel last told. */
  flags = 0;
  /** Times that the device's name, flags, MTU or address were changed inside the kernel. */
  changeCount = 0;
  #kernel: KernelHandle | undefined;
  #device: SimDevice | undefined;

  constructor(port: Port, name: string, address: Uint8Array, mtu: number, nodeId: number) {
    this.port = port;
    this.name = name;
    this.address = address;
    this.mtu = mtu;
    port.macAddress = address;
    port.attach(this, nodeId);
  }

  get device(): SimDevice | undefined {
    return this.#device;
  }

  /** DCE's NotifyAddDevice: makes the kernel's device and gives it what the hardware is. */
  plugInto(kernel: KernelHandle): SimDevice {
    const device = kernel.dev_create("sim%d", this, SIM_DEV_BROADCAST | SIM_DEV_MULTICAST);
    this.#kernel = kernel;
    this.#device = device;
    kernel.dev_set_address(device, this.address);
    kernel.dev_set_mtu(device, this.mtu);
    kernel.dev_set_carrier(device, this.port.carrier);
    return device;
  }

  /** The kernel is gone: frames that still arrive are released. */
  unplug(): void {
    this.#kernel = undefined;
    this.#device = undefined;
  }

  /** Kernel → wire. @returns false: the ring is full and the frame is still the kernel's */
  xmit(frame: Frame): boolean {
    return this.port.send(frame);
  }

  /** The kernel's `dev_changed`. */
  changed(what: number, value: number): void {
    this.changeCount++;
    if ((what & DEV_CHANGED_MTU) !== 0) this.mtu = value;
    if ((what & DEV_CHANGED_FLAGS) !== 0) this.flags = value;
    // A card takes any address and has no name of its own.
    if ((what & (DEV_CHANGED_ADDRESS | DEV_CHANGED_NAME)) !== 0)
      this.port.macAddress = this.address;
  }

  stats(into: SimDeviceStats): void {
    if (this.#device !== undefined) this.#kernel?.dev_stats(this.#device, into);
  }

  receive(frame: Frame): void {
    if (this.#kernel === undefined || this.#device === undefined) frame.release();
    else this.#kernel.dev_rx_frame(this.#device, frame);
  }

  writable(): void {
    if (this.#device !== undefined) this.#kernel?.dev_wake_queue(this.#device);
  }

  carrier(up: boolean): void {
    if (this.#device !== undefined) this.#kernel?.dev_set_carrier(this.#device, up);
  }
}
