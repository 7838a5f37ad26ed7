import { Simulator, TaskManager, type Wait } from "@dcejs/core-sched";
import { type Frame, FramePool, PointToPointLink, type PortClient } from "@dcejs/links";
import { beforeEach, describe, expect, test } from "vitest";
import { emulatedKernelProvider } from "../../src/kernel/emulated/emulated-kernel.ts";
import type { KernelHandle } from "../../src/kernel/kernel-handle.ts";
import {
  type DceSocket,
  type Out,
  SIM_DEV_BROADCAST,
  SIM_DEV_MULTICAST,
  type SimDevice,
  type SimSysIterator,
} from "../../src/kernel/kernel-objects.ts";
import { LinuxSocketFdFactory } from "../../src/kernel/linux-socket-fd-factory.ts";
import { IFF_UP, type LinkRecord, type RtnlRequest } from "../../src/kernel/rtnl-request.ts";
import { SimNic } from "../../src/kernel/sim-nic.ts";
import { requestNow, rtnetlinkClient } from "../../src/netlink/rtnetlink-client.ts";
import { DceManager } from "../../src/process/dce-manager.ts";

/** The far end of the cable: keeps what arrives. */
class Wire implements PortClient {
  readonly frames: Uint8Array[] = [];
  receive(frame: Frame): void {
    this.frames.push(frame.bytes.slice(frame.offset, frame.offset + frame.length));
    frame.release();
  }
  writable(): void {}
  carrier(): void {}
}

const OUR_MAC = Uint8Array.of(0, 0, 0, 0, 0, 1);
const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);
/** 10.0.0.1 and 10.0.0.2 */
const OURS = 0x0a00_0001;

let simulator: Simulator;
let manager: TaskManager;
let dce: DceManager;
let factory: LinuxSocketFdFactory;
let kernel: KernelHandle;
let nic: SimNic;
let wire: Wire;
let cable: PointToPointLink;

/** One host with sim0 up, 10.0.0.1/24, and a permanent neighbour 10.0.0.2 at the far end. */
beforeEach(() => {
  simulator = new Simulator({ seed: 1 });
  manager = new TaskManager(simulator, { context: 0 });
  dce = new DceManager({ taskManager: manager, nodeId: 0 });
  factory = new LinuxSocketFdFactory({ node: dce.node, provider: emulatedKernelProvider });
  kernel = factory.kernel;
  cable = new PointToPointLink(simulator, "wire", { rate: "1Mbps", ring: 1 });
  wire = new Wire();
  cable.b.attach(wire);
  nic = new SimNic(cable.a, "sim0", OUR_MAC, 1500, 0);
  factory.addNic(nic);
  run(function* () {
    yield* factory.initializeStack();
  });
  configure({ type: "RTM_SETLINK", ifindex: 2, flags: IFF_UP, flagsMask: IFF_UP });
  const flags = 0x600;
  configure({ type: "RTM_NEWADDR", flags, ifindex: 2, local: OURS, prefixLength: 24 });
  configure({
    type: "RTM_NEWNEIGH",
    flags,
    ifindex: 2,
    destination: OURS + 1,
    lladdr: PEER_MAC,
    state: 0x80,
  });
});

function ask(request: RtnlRequest): number | undefined {
  return requestNow(rtnetlinkClient(kernel), request);
}

function configure(request: RtnlRequest): void {
  const result = ask(request);
  if (result !== 0) throw new Error(`${request.type} was refused`);
}

function run(body: () => Wait<unknown>): void {
  dce.startInternalTask("test", body);
  simulator.runSync();
}

function device(): SimDevice {
  if (nic.device === undefined) throw new Error("the card is not plugged in");
  return nic.device;
}

function links(): LinkRecord[] {
  const request = { type: "RTM_GETLINK" as const, reply: [] as LinkRecord[] };
  ask(request);
  return request.reply;
}

function sockaddr(address: number, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 2, true);
  view.setUint16(2, port);
  view.setUint32(4, address);
  return bytes;
}

function message(
  text: string | number,
  to?: Uint8Array,
): Parameters<KernelHandle["sock_sendmsg"]>[1] {
  const octets = typeof text === "string" ? new TextEncoder().encode(text) : new Uint8Array(text);
  return {
    msg_name: to,
    msg_namelen: to?.length ?? 0,
    msg_iov: [octets],
    msg_control: undefined,
    msg_controllen: 0,
    msg_flags: 0,
  };
}

function udpSocket(): DceSocket {
  const out: Out<DceSocket> = { value: undefined };
  expect(kernel.sock_socket(2, 2, 0, out)).toBe(0);
  if (out.value === undefined) throw new Error("no socket");
  return out.value;
}

/** An Ethernet frame with an IPv4 and UDP datagram for our host; UDP checksum 0: none. */
function datagram(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const bytes = new Uint8Array(14 + 28 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(OUR_MAC, 0);
  bytes.set(PEER_MAC, 6);
  view.setUint16(12, 0x0800);
  view.setUint16(14, 0x4500);
  view.setUint16(16, 28 + payload.length);
  view.setUint16(22, 64 * 256 + 17);
  view.setUint32(26, OURS + 1);
  view.setUint32(30, OURS);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  view.setUint16(24, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  view.setUint16(34, 99);
  view.setUint16(36, 7);
  view.setUint16(38, 8 + payload.length);
  bytes.set(payload, 42);
  return bytes;
}

describe("packets", () => {
  test("the classic way in: room in the kernel's memory, filled and given back", () => {
    const socket = udpSocket();
    expect(kernel.sock_bind(socket, sockaddr(0, 7), 16)).toBe(0);
    const frame = datagram("classic");
    const packet = kernel.dev_create_packet(device(), frame.length);
    packet.buffer.set(frame);
    kernel.dev_rx(device(), packet);
    const received = message(100);
    received.msg_name = new Uint8Array(16);
    received.msg_namelen = 16;
    let length: unknown;
    run(function* () {
      const result = kernel.sock_recvmsg(socket, received, 0);
      length = typeof result === "number" ? result : yield result;
    });
    expect(length).toBe(7);
    expect(new TextDecoder().decode(received.msg_iov[0]?.subarray(0, 7))).toBe("classic");
    expect([...(received.msg_name ?? [])].slice(0, 8)).toEqual([2, 0, 0, 99, 10, 0, 0, 2]);
    kernel.sock_close(socket);
    expect(factory.livePackets).toBe(0);
  });

  test("a frame of another kernel is copied in and released, also a broken one", () => {
    const pool = new FramePool();
    kernel.dev_rx_frame(device(), pool.from(datagram("nobody listens")));
    kernel.dev_rx_frame(device(), pool.from(Uint8Array.of(1, 2, 3)));
    kernel.dev_rx_frame(device(), pool.from(new Uint8Array(60).fill(255)));
    simulator.runSync();
    expect(pool.live).toBe(0);
    expect(factory.livePackets).toBe(0);
    const snmp = kernel.proc_read("/proc/net/snmp");
    expect(String(snmp)).toMatch(/Udp: InDatagrams NoPorts/);
    expect(factory.kernel.proc_read("/proc/net/snmp")).toBe(snmp);
    // Port unreachable went back.
    expect(wire.frames).toHaveLength(1);
  });

  test("random frames are counted and dropped: nothing throws, nothing is kept", () => {
    const pool = new FramePool();
    const stream = simulator.random("frames");
    const types = [0x0800, 0x0806, 0x86dd, 0x0000, 0x0800];
    for (let i = 0; i < 3000; i++) {
      const bytes =
        i % 3 === 0
          ? datagram("a datagram of which some octets are wrong")
          : new Uint8Array(stream.integer(0, 120));
      if (i % 3 !== 0) {
        stream.bytes(bytes);
        if (bytes.length >= 14) {
          bytes.set(OUR_MAC);
          new DataView(bytes.buffer).setUint16(12, stream.pick(types));
        }
        // Often a header that looks right at first.
        if (bytes.length >= 34 && stream.bernoulli(0.7)) bytes[14] = 0x45;
      } else {
        for (let flips = 0; flips < 3; flips++) {
          bytes[stream.integer(12, bytes.length - 1)] = stream.integer(0, 255);
        }
      }
      kernel.dev_rx_frame(device(), pool.from(bytes));
    }
    simulator.runSync();
    expect(pool.live).toBe(0);
    // Fragments may wait for the rest of theirs (ipfrag_time): after it they are gone too.
    expect(factory.livePackets).toBe(0);
    expect(String(kernel.proc_read("/proc/net/snmp"))).toMatch(/Ip: /);
  });

  test("a full ring stops the queue, and the card's writable() wakes it: nothing is lost", () => {
    const socket = udpSocket();
    run(function* () {
      for (let i = 0; i < 50; i++) {
        const sending = kernel.sock_sendmsg(socket, message(`${i}`, sockaddr(OURS + 1, 9)), 0);
        const sent: number = typeof sending === "number" ? sending : yield sending;
        expect(sent).toBe(`${i}`.length);
      }
    });
    const texts = wire.frames.map((frame) => new TextDecoder().decode(frame.subarray(42)));
    expect(texts.map((text) => text.replaceAll("\0", ""))).toEqual(
      Array.from({ length: 50 }, (_, i) => `${i}`),
    );
    const stats = {
      rx_packets: 0,
      rx_bytes: 0,
      rx_dropped: 0,
      rx_errors: 0,
      tx_packets: 0,
      tx_bytes: 0,
      tx_dropped: 0,
      tx_errors: 0,
    };
    kernel.dev_stats(device(), stats);
    expect(stats.tx_packets).toBe(50);
    expect(factory.livePackets).toBe(0);
    kernel.sock_close(socket);
  });

  test("a queue that is full drops, and counts it", () => {
    ask({ type: "RTM_SETLINK", ifindex: 2, txQueueLength: 3 });
    const socket = udpSocket();
    run(function* () {
      for (let i = 0; i < 50; i++) {
        const sending = kernel.sock_sendmsg(socket, message(500, sockaddr(OURS + 1, 9)), 0);
        if (typeof sending === "object") yield sending;
      }
    });
    // One on the wire, one in the ring, three in the queue.
    expect(wire.frames).toHaveLength(5);
    kernel.sock_close(socket);
    expect(factory.livePackets).toBe(0);
  });
});

describe("devices, both ways", () => {
  test("what the user changes in the kernel is told to the card", () => {
    const before = nic.changeCount;
    expect(ask({ type: "RTM_SETLINK", ifindex: 2, mtu: 900 })).toBe(0);
    expect(nic.mtu).toBe(900);
    expect(nic.changeCount).toBeGreaterThan(before);
  });

  test("what the card changes is seen in the kernel: MTU, carrier, address", () => {
    kernel.dev_set_mtu(device(), 1400);
    cable.setUp(false);
    simulator.runSync();
    expect(links()[1]).toMatchObject({ mtu: 1400, operState: "DOWN" });
    cable.setUp(true);
    simulator.runSync();
    expect(links()[1]).toMatchObject({ operState: "UP" });
    kernel.dev_set_address(device(), PEER_MAC);
    expect(links()[1]?.address).toEqual(PEER_MAC);
  });

  test("a device can be destroyed, and frames for it are released", () => {
    const port = new PointToPointLink(simulator, "second");
    const second = new SimNic(port.a, "sim1", Uint8Array.of(0, 0, 0, 0, 0, 5), 1500, 0);
    const made = kernel.dev_create("sim%d", second, SIM_DEV_BROADCAST | SIM_DEV_MULTICAST);
    expect(kernel.dev_ifindex(made)).toBe(3);
    expect(kernel.dev_get_private(made)).toBe(second);
    kernel.dev_destroy(made);
    expect(links().map((link) => link.name)).toEqual(["lo", "sim0"]);
    const pool = new FramePool();
    kernel.dev_rx_frame(made, pool.from(datagram("too late")));
    expect(pool.live).toBe(0);
  });
});

describe("parameters and /proc", () => {
  test("sys_iterate_files reports the tree depth first, balanced", () => {
    const log: string[] = [];
    let depth = 0;
    const iterator: SimSysIterator = {
      report_start_dir: (name) => {
        depth++;
        log.push(`${name}/`);
      },
      report_end_dir: () => {
        depth--;
      },
      report_file: (name, flags) => log.push(`${name} ${flags.toString(8)}`),
    };
    kernel.sys_iterate_files(iterator);
    expect(depth).toBe(0);
    expect(log).toContain("ip_forward 644");
    expect(log.indexOf("net/")).toBeLessThan(log.indexOf("ipv4/"));
    expect(log).toContain("sim0/");
  });

  test("proc_read and proc_list give files and folders, or the errno that open() has", () => {
    expect(kernel.proc_read("/proc/net/dev")).toMatch(/sim0:/);
    expect(kernel.proc_read("/proc/sys/net/ipv4/ip_forward")).toBe("0\n");
    expect(kernel.proc_read("/proc/net/nothing")).toBe(-2);
    expect(kernel.proc_read("/proc/net")).toBe(-21);
    expect(kernel.proc_list("/proc/net")).toContain("snmp");
    expect(kernel.proc_list("/proc/sys")).toContain("net/");
    expect(kernel.proc_list("/proc/sys/net/ipv4")).toContain("ip_forward");
    expect(kernel.proc_list("/proc/sys/net/ipv4/ip_forward")).toBe(-20);
    expect(kernel.proc_list("/proc/nothing")).toBe(-2);
  });

  test("values longer than DCE's 512 octets are whole", () => {
    expect(String(factory.Get("net.ipv4.tcp_available_congestion_control"))).toContain("cubic");
    expect(factory.sysctl.mode("net.ipv4.ip_forward")).toBe(0o644);
  });
});

describe("the LKL helpers", () => {
  test("configure interfaces, routes, neighbours and parameters", () => {
    expect(kernel.dce_lkl_ifname_to_ifindex("sim0")).toBe(2);
    expect(kernel.dce_lkl_netdev_get_ifindex(0)).toBe(2);
    expect(kernel.dce_lkl_if_set_mtu(2, 1000)).toBe(0);
    expect(kernel.dce_lkl_if_set_ipv4(2, 0x0a01_0001, 16)).toBe(0);
    expect(kernel.dce_lkl_set_ipv4_gateway(0x0a01_0002)).toBe(0);
    expect(kernel.dce_lkl_add_neighbor(2, 2, Uint8Array.of(10, 1, 0, 9), PEER_MAC)).toBe(0);
    const routes = { type: "RTM_GETROUTE" as const, table: 254, reply: [] };
    ask(routes);
    expect(routes.reply).toMatchObject([
      { prefixLength: 0, gateway: 0x0a01_0002 },
      { destination: 0x0a01_0000, prefixLength: 16 },
    ]);
    expect(kernel.dce_lkl_sysctl("net.ipv4.ip_forward", "1")).toBe(0);
    expect(kernel.dce_lkl_sysctl_parse_write("net.ipv4.ip_default_ttl=9;net.ipv4.nothing=1")).toBe(
      -2,
    );
    const buffer = new Uint8Array(16);
    expect(kernel.dce_lkl_sysctl_get("net.ipv4.ip_default_ttl", buffer)).toBe(1);
    expect(buffer[0]).toBe(0x39);
    expect(kernel.dce_lkl_if_down(2)).toBe(0);
    expect(kernel.dce_lkl_if_up(2)).toBe(0);
  });

  test("what is not here says so", () => {
    expect(kernel.dce_lkl_mount_fs("ext4")).toBe(-38);
    expect(kernel.dce_lkl_netdev_tap_create("tap0", 0)).toBe(-38);
    expect(kernel.dce_lkl_strerror(-38)).toBe("Function not implemented");
  });
});
