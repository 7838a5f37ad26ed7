import { LklKernel } from "@dcejs/lkl-kernel";
import type { Frame, Wait } from "@dcejs/lkl-kernel";
import { createLinuxSysctlTree } from "@dcejs/sysctl";
import type { SysctlTree } from "@dcejs/sysctl";
import { netStackInitcall, NetDevice, netif_rx_frame, netif_wake_queue } from "../../src/index.ts";
import type { NetDeviceOptions, NetStack } from "../../src/index.ts";
import { IFF_UP } from "../../src/index.ts";
import { parseIpv4 } from "../../src/wire/ipv4.ts";
import { sockaddrIn } from "../../src/socket/sockaddr.ts";
import type { Socket } from "../../src/socket/socket.ts";
import { GeneratorHost } from "@dcejs/lkl-kernel";

export interface WireOptions {
  /** Propagation, ns. */
  delay?: number;
  /** Time on the wire of one frame, ns; while one is on it the device is busy. */
  transmitTime?: number;
  /** True: the frame is lost. */
  loses?: (frame: Frame) => boolean;
  /** Sees each frame that is sent. */
  tap?: (frame: Frame) => void;
  device?: Partial<NetDeviceOptions>;
}

/** A network card: a NetDevice, an interrupt, and the wire's end. */
class Card {
  readonly node: Node;
  readonly dev: NetDevice;
  peer: Card | undefined = undefined;
  readonly #options: WireOptions;
  readonly #ring: Frame[] = [];
  readonly #irq: number;
  #isBusy = false;
  #hasRoom = false;

  constructor(node: Node, name: string, mac: number, options: WireOptions) {
    this.node = node;
    this.#options = options;
    this.dev = new NetDevice({
      name,
      address: Uint8Array.of(2, 0, 0, 0, mac >> 8, mac & 0xff),
      ...options.device,
      ops: { ndo_start_xmit: (skb) => this.#transmit(skb) },
    });
    node.net.register_netdevice(this.dev);
    this.#irq = node.kernel.lkl_get_free_irq(name);
    node.kernel.request_irq(this.#irq, name, () => this.#interrupt());
  }

  #transmit(frame: Frame): boolean {
    const { delay = 1000, transmitTime = 0, loses, tap } = this.#options;
    if (this.#isBusy) return false;
    const { host } = this.node.network;
    if (transmitTime > 0) {
      this.#isBusy = true;
      host.schedule(transmitTime, () => {
        this.#isBusy = false;
        this.#hasRoom = true;
        this.node.kernel.lkl_trigger_irq(this.#irq);
      });
    }
    tap?.(frame);
    if (this.peer === undefined || loses?.(frame) === true) {
      frame.release();
      return true;
    }
    const { peer } = this;
    host.schedule(transmitTime + delay, () => peer.receive(frame));
    return true;
  }

  receive(frame: Frame): void {
    this.#ring.push(frame);
    if (this.node.kernel.lkl_trigger_irq(this.#irq) < 0) frame.release();
  }

  #interrupt(): void {
    if (this.#hasRoom) {
      this.#hasRoom = false;
      netif_wake_queue(this.dev);
    }
    for (let frame = this.#ring.shift(); frame; frame = this.#ring.shift()) {
      netif_rx_frame(this.dev, frame);
    }
  }
}

/** A kernel with its stack. Everything on it is called in kernel context, by way of `do`. */
export class Node {
  readonly network: Network;
  readonly kernel: LklKernel;
  readonly sysctl: SysctlTree = createLinuxSysctlTree();
  #net: NetStack | undefined = undefined;

  constructor(network: Network, name: string) {
    this.network = network;
    let state = network.seed++;
    this.kernel = new LklKernel({
      name,
      random: () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return (state ^ (state >>> 15)) >>> 0;
      },
      initcalls: [netStackInitcall(this.sysctl, (net) => (this.#net = net))],
    });
  }

  get net(): NetStack {
    if (this.#net === undefined) throw new Error("not booted");
    return this.#net;
  }

  /** Runs kernel code in the task of the calling thread, and waits for it. */
  *do<T>(fn: () => T | Wait<T>): Wait<T> {
    let result: { value: T } | undefined;
    const run = this.kernel.lkl_run_as_host_task(function* () {
      const value = fn();
      result = { value: isWait(value) ? yield* value : value };
      return 0;
    }, undefined);
    if (typeof run !== "number") yield* run;
    if (result === undefined) throw new Error("the kernel does not run");
    return result.value;
  }

  /** Brings a device up and gives it an address. */
  *address(dev: NetDevice, cidr: string): Wait<void> {
    const [text = "", length = "32"] = cidr.split("/");
    const local = ip(text);
    const broadcast = Number(length) < 31 ? (local | (0xffffffff >>> Number(length))) >>> 0 : 0;
    yield* this.do(() => {
      const { rtnl } = this.net;
      check(rtnl.link_set(dev.ifindex, { flags: IFF_UP, flagsMask: IFF_UP }));
      check(
        rtnl.addr_add({ ifindex: dev.ifindex, local, prefixLength: Number(length), broadcast }),
      );
    });
  }

  *route(cidr: string, via: string): Wait<void> {
    const [text = "", length = "32"] = cidr.split("/");
    yield* this.do(() =>
      check(
        this.net.rtnl.route_add({
          destination: ip(text),
          prefixLength: Number(length),
          gateway: ip(via),
        }),
      ),
    );
  }

  *socket(type: number, protocol = 0): Wait<Socket> {
    return yield* this.do(() => {
      const socket = this.net.sock_create(2, type, protocol);
      if (typeof socket === "number") throw new Error(`socket: ${socket}`);
      return socket;
    });
  }

  *send(socket: Socket, data: Uint8Array, to?: Uint8Array, flags = 0): Wait {
    return yield* this.do(() =>
      socket.sendmsg(
        {
          msg_name: to,
          msg_namelen: to?.length ?? 0,
          msg_iov: [data],
          msg_control: undefined,
          msg_controllen: 0,
          msg_flags: 0,
        },
        flags,
      ),
    );
  }

  *receive(socket: Socket, into: Uint8Array, flags = 0, from?: Uint8Array): Wait {
    return yield* this.do(() =>
      socket.recvmsg(
        {
          msg_name: from,
          msg_namelen: from?.length ?? 0,
          msg_iov: [into],
          msg_control: undefined,
          msg_controllen: 0,
          msg_flags: 0,
        },
        flags,
      ),
    );
  }

  *close(socket: Socket): Wait {
    return yield* this.do(() => socket.release());
  }
}

/** Kernels joined by wires in virtual time. */
export class Network {
  readonly host: GeneratorHost = new GeneratorHost();
  readonly nodes: Node[] = [];
  seed = 1;
  #macs = 1;

  *node(name: string): Wait<Node> {
    const node = new Node(this, name);
    if (node.kernel.lkl_init(this.host.ops) !== 0) throw new Error(node.kernel.dmesg());
    const result = yield* node.kernel.lkl_start_kernel("mem=32M");
    if (result !== 0) throw new Error(`lkl_start_kernel: ${result}`);
    this.nodes.push(node);
    return node;
  }

  /** @returns the two devices */
  *wire(a: Node, b: Node, options: WireOptions = {}): Wait<[NetDevice, NetDevice]> {
    // Taps see one direction.
    const { tap: _tap, ...backOptions } = options;
    const [left, right] = [
      yield* a.do(() => new Card(a, "eth%d", this.#macs++, options)),
      yield* b.do(() => new Card(b, "eth%d", this.#macs++, backOptions)),
    ];
    left.peer = right;
    right.peer = left;
    return [left.dev, right.dev];
  }

  *sleep(ns: number): Wait<void> {
    yield this.host.sleep(ns);
  }

  /** Halts all kernels, after their stacks have let go of everything. */
  *halt(): Wait<void> {
    for (const node of this.nodes) {
      yield* node.do(() => node.net.shutdown());
    }
    // What is still on a wire arrives at closed devices.
    yield* this.sleep(1_000_000_000);
    for (const node of this.nodes) {
      yield* node.kernel.lkl_sys_halt();
      node.kernel.lkl_cleanup();
    }
  }

  /** Packets that somebody still owns, over all kernels. */
  get livePackets(): number {
    return this.nodes.reduce(
      (sum, { net }) => sum + net.skbPool.skbsLive + net.skbPool.buffersLive,
      0,
    );
  }
}

/** Runs `body` as a program, halts the kernels, and checks that no packet is left. */
export function withNetwork<T>(body: (network: Network) => Wait<T>): T {
  const network = new Network();
  return network.host.runProgram(function* () {
    const result = yield* body(network);
    yield* network.halt();
    if (network.livePackets !== 0) throw new Error(`${network.livePackets} packets were leaked`);
    return result;
  });
}

/** client — 10.0.0.0/24 — router — 10.0.1.0/24 — server */
export function* routedNetwork(
  network: Network,
  first: WireOptions = {},
  second: WireOptions = {},
): Wait<{ client: Node; router: Node; server: Node; devices: NetDevice[] }> {
  const client = yield* network.node("client");
  const router = yield* network.node("router");
  const server = yield* network.node("server");
  const [c0, r0] = yield* network.wire(client, router, first);
  const [r1, s0] = yield* network.wire(router, server, second);
  yield* client.address(c0, "10.0.0.1/24");
  yield* router.address(r0, "10.0.0.254/24");
  yield* router.address(r1, "10.0.1.254/24");
  yield* server.address(s0, "10.0.1.1/24");
  router.sysctl.set("net.ipv4.ip_forward", 1);
  yield* client.route("0.0.0.0/0", "10.0.0.254");
  yield* server.route("0.0.0.0/0", "10.0.1.254");
  return { client, router, server, devices: [c0, r0, r1, s0] };
}

export function ip(text: string): number {
  const addr = parseIpv4(text);
  if (addr === undefined) throw new Error(`not an address: ${text}`);
  return addr;
}

export function at(text: string, port = 0): Uint8Array {
  return sockaddrIn(ip(text), port);
}

/** An int option value. */
export function int(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** An echo request with so many octets of payload. */
export function echoRequest(payload: number, sequence = 1): Uint8Array {
  const bytes = new Uint8Array(8 + payload);
  bytes[0] = 8;
  bytes[7] = sequence;
  for (let i = 0; i < payload; i++) bytes[8 + i] = i;
  return bytes;
}

function check(errno: number): number {
  if (errno < 0) throw new Error(`errno ${errno}`);
  return errno;
}

function isWait<T>(value: T | Wait<T>): value is Wait<T> {
  return typeof value === "object" && value !== null && Symbol.iterator in value && "next" in value;
}
