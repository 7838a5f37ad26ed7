/** Kernels with a real stack on a wire that the test holds in its hands; time is virtual. */
import { LklKernel } from "@dcejs/lkl-kernel";
import type { Tracepoint, Wait } from "@dcejs/lkl-kernel";
import { createLinuxSysctlTree } from "@dcejs/sysctl";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import type { CurrentProgram } from "../../src/current-program.ts";
import { netStackInitcall } from "../../src/net-stack.ts";
import type { NetStack } from "../../src/net-stack.ts";
import { netif_wake_queue } from "../../src/netdevice/dev-queue-xmit.ts";
import {
  IFF_NOARP,
  IFF_POINTOPOINT,
  IFF_UP,
  NETIF_F_HW_CSUM,
  NETIF_F_RXCSUM,
  NetDevice,
} from "../../src/netdevice/netdevice.ts";
import { netif_rx_frame } from "../../src/netdevice/receive.ts";
import type { SkBuff } from "../../src/skbuff.ts";
import type { Sock } from "../../src/socket/sock.ts";
import type { TcpNet } from "../../src/tcp/index.ts";
import { TcpSock } from "../../src/tcp/index.ts";

const ETH_HLEN = 14;
const PREFIX_LENGTH = 16;

export interface HostOptions {
  address: number;
  sysctl?: Record<string, string | number>;
  mtu?: number;
  /** Makes the stack's tracepoints. */
  tracepoint?: (name: string) => Tracepoint;
  /** Ticks a second. @default 1000 */
  hz?: 100 | 250 | 1000;
  /** Offers checksum offload: packets leave with the checksum open. */
  hwCsum?: boolean;
  /** Whose the calls are. @default the kernel's own task */
  current?: CurrentProgram;
}

/** One kernel with one interface; whoever sets `xmit` is its wire. */
export class TestHost {
  readonly world: GeneratorHost;
  readonly kernel: LklKernel;
  readonly net: NetStack;
  readonly dev: NetDevice;
  /** The driver: takes the packet and returns true, or returns false when it is busy. */
  xmit: (skb: SkBuff) => boolean = (skb) => {
    skb.release();
    return true;
  };
  private readonly irq: number;
  private readonly rx: SkBuff[] = [];
  private pendingCall: (() => void) | undefined = undefined;

  constructor(world: GeneratorHost, options: HostOptions) {
    this.world = world;
    const sysctl = createLinuxSysctlTree();
    for (const [path, value] of Object.entries(options.sysctl ?? {})) {
      if (sysctl.set(path, value) !== 0) throw new Error(`sysctl ${path} = ${value}`);
    }
    let net: NetStack | undefined;
    const random = xorshift(options.address);
    this.kernel = new LklKernel({
      random,
      hz: options.hz ?? 1000,
      initcalls: [
        netStackInitcall(sysctl, (ready) => (net = ready), options.tracepoint, options.current),
      ],
    });
    if (this.kernel.lkl_init(world.ops) !== 0) throw new Error(this.kernel.dmesg());
    const { kernel } = this;
    world.runProgram(() => kernel.lkl_start_kernel("mem=32M loglevel=0"));
    if (net === undefined) throw new Error(kernel.dmesg());
    this.net = net;
    this.dev = new NetDevice({
      name: "sim%d",
      mtu: options.mtu ?? 1500,
      address: Uint8Array.from([2, 0, 0, 0, 0, options.address & 0xff]),
      flags: IFF_NOARP | IFF_POINTOPOINT,
      features: options.hwCsum === true ? NETIF_F_HW_CSUM | NETIF_F_RXCSUM : 0,
      ops: { ndo_start_xmit: (skb) => this.xmit(skb) },
    });
    this.irq = kernel.lkl_get_free_irq("sim");
    kernel.request_irq(this.irq, "sim", () => this.interrupt());
    this.call(() => this.configure(options.address));
  }

  get tcp(): TcpNet {
    return this.net.tcp;
  }

  /** Virtual nanoseconds. */
  get now(): number {
    return this.world.now;
  }

  /** Runs kernel code in an interrupt, so that the softirqs that it raises run behind it. */
  call<T>(fn: () => T): T {
    let result: { value: T } | { error: unknown } | undefined;
    this.pendingCall = () => {
      try {
        result = { value: fn() };
      } catch (error) {
        result = { error };
      }
    };
    this.kernel.lkl_trigger_irq(this.irq);
    if (result === undefined) throw new Error("the interrupt is pending");
    if ("error" in result) throw result.error;
    return result.value;
  }

  /** A packet arrives, link header first. */
  receiveSkb(skb: SkBuff): void {
    this.rx.push(skb);
    this.kernel.lkl_trigger_irq(this.irq);
  }

  /** An IPv4 packet arrives. */
  receive(packet: Uint8Array): void {
    const skb = this.net.skbPool.alloc(ETH_HLEN + packet.length);
    skb.bytes.fill(0, 0, ETH_HLEN);
    skb.bytes.set(this.dev.address, 0);
    skb.view.setUint16(12, 0x0800);
    skb.bytes.set(packet, ETH_HLEN);
    skb.length = ETH_HLEN + packet.length;
    this.receiveSkb(skb);
  }

  /** The driver has room again. */
  wakeQueue(): void {
    this.call(() => netif_wake_queue(this.dev));
  }

  /** Lets virtual time pass, nanoseconds. */
  run(ns: number): void {
    const { world } = this;
    const until = world.now + ns;
    world.schedule(ns, () => {});
    world.run(until);
  }

  /** Starts a program: kernel calls that may sleep go through `enter`. */
  program(name: string, body: (enter: Enter) => Wait<void>): void {
    const { kernel } = this;
    const enter: Enter = function* (fn) {
      const result = kernel.lkl_run_as_host_task(fn, undefined);
      return typeof result === "number" ? result : yield* result;
    };
    this.world.start(() => body(enter), name);
  }

  asTcp(sk: Sock): TcpSock {
    if (!(sk instanceof TcpSock)) throw new Error("not a TCP sock");
    return sk;
  }

  private interrupt(): void {
    const call = this.pendingCall;
    this.pendingCall = undefined;
    call?.();
    for (let skb = this.rx.shift(); skb !== undefined; skb = this.rx.shift()) {
      netif_rx_frame(this.dev, skb);
    }
  }

  private configure(address: number): void {
    const { net, dev } = this;
    const ifindex = net.register_netdevice(dev);
    const results = [
      net.rtnl.link_set(ifindex, { flags: IFF_UP, flagsMask: IFF_UP }),
      net.rtnl.addr_add({ ifindex, local: address, prefixLength: PREFIX_LENGTH }),
      net.rtnl.route_add({ destination: 0, prefixLength: 0, ifindex }),
    ];
    if (results.some((result) => result !== 0)) throw new Error(`configure: ${results.join()}`);
  }
}

export type Enter = (fn: () => number | Wait) => Wait;

/** A host alone; what it sends is handed to `transmit` as an IPv4 packet. */
export function bootHost(
  options: HostOptions & { transmit: (packet: DataView, ns: number) => void },
): TestHost {
  const host = new TestHost(new GeneratorHost(), options);
  host.xmit = (skb) => {
    const start = skb.offset + ETH_HLEN;
    const packet = skb.bytes.slice(start, skb.offset + skb.length);
    options.transmit(new DataView(packet.buffer), host.now);
    skb.release();
    return true;
  };
  return host;
}

export function xorshift(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}
