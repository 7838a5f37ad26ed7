import { Errno } from "@dcejs/lkl-kernel";
import type { LklKernel, NetFacade } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { boot, withKernel } from "../host/kernel-fixture.ts";
import { GeneratorHost } from "@dcejs/lkl-kernel";

/** Writes down what it is called with. */
class RecordingNet implements NetFacade {
  readonly calls: string[] = [];
  readonly #kernel: LklKernel;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  #record(name: string, ...args: unknown[]): number {
    // Helpers run inside of the kernel, in a host task.
    const isInside = this.#kernel.current.isHostTask && this.#kernel.cpu.count === 1;
    if (!isInside) this.calls.push("outside of the kernel:");
    this.calls.push([name, ...args].join(" "));
    return 0;
  }

  if_up = (ifindex: number): number => this.#record("if_up", ifindex);
  if_down = (ifindex: number): number => this.#record("if_down", ifindex);
  if_set_mtu = (ifindex: number, mtu: number): number => this.#record("if_set_mtu", ifindex, mtu);
  if_set_mac = (ifindex: number, mac: Uint8Array): number =>
    this.#record("if_set_mac", ifindex, mac);
  if_set_ipv4 = (...args: [number, Uint8Array, number]): number =>
    this.#record("if_set_ipv4", ...args);
  if_set_ipv6 = (...args: [number, Uint8Array, number]): number =>
    this.#record("if_set_ipv6", ...args);
  if_add_ip = (...args: [number, number, Uint8Array, number]): number =>
    this.#record("if_add_ip", ...args);
  if_del_ip = (...args: [number, number, Uint8Array, number]): number =>
    this.#record("if_del_ip", ...args);
  set_ipv4_gateway = (address: Uint8Array): number => this.#record("set_ipv4_gateway", address);
  set_ipv6_gateway = (address: Uint8Array): number => this.#record("set_ipv6_gateway", address);
  if_add_gateway = (...args: [number, number, Uint8Array]): number =>
    this.#record("if_add_gateway", ...args);
  add_gateway = (...args: [number, Uint8Array]): number => this.#record("add_gateway", ...args);
  add_neighbor = (...args: [number, number, Uint8Array, Uint8Array]): number =>
    this.#record("add_neighbor", ...args);
  qdisc_add = (ifindex: number, root: string, type: string): number =>
    type === "bad" ? -Errno.ENOENT : this.#record("qdisc_add", ifindex, root, type);
  ifname_to_ifindex = (name: string): number => (name === "eth1" ? 3 : -Errno.ENODEV);
  sysctl = (path: string, value: string): number => this.#record("sysctl", path, value);
  sysctl_get = (path: string): string | number => (path === "a.b" ? "4096 1 2" : -Errno.ENOENT);
}

test("each helper reaches the network stack with its arguments, in the caller's task", () => {
  withKernel(function* (kernel, host) {
    const net = new RecordingNet(kernel);
    kernel.net = net;
    const ip = Uint8Array.of(10, 0, 0, 1);
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
    const calls = [
      () => kernel.lkl_if_up(1),
      () => kernel.lkl_if_down(2),
      () => kernel.lkl_if_set_mtu(2, 9000),
      () => kernel.lkl_if_set_mac(2, mac),
      () => kernel.lkl_if_set_ipv4(2, ip, 32),
      () => kernel.lkl_if_set_ipv6(2, ip, 64),
      () => kernel.lkl_if_add_ip(2, 2, ip, 24),
      () => kernel.lkl_if_del_ip(2, 2, ip, 24),
      () => kernel.lkl_set_ipv4_gateway(ip),
      () => kernel.lkl_set_ipv6_gateway(ip),
      () => kernel.lkl_add_gateway(2, ip),
      () => kernel.lkl_if_set_ipv4_gateway(2, ip),
      () => kernel.lkl_add_neighbor(2, 2, ip, mac),
      () => kernel.lkl_qdisc_parse_add(2, "root|fq;1:1|pfifo"),
      () => kernel.lkl_sysctl("net.ipv4.tcp_wmem", "1 2 3"),
      () => kernel.lkl_sysctl_parse_write("a=1; b.c = 2 ;"),
    ];
    for (const call of calls) expect(yield* host.finish(call())).toBe(0);
    expect(net.calls).toEqual([
      "if_up 1",
      "if_down 2",
      "if_set_mtu 2 9000",
      "if_set_mac 2 2,0,0,0,0,1",
      "if_set_ipv4 2 10,0,0,1 32",
      "if_set_ipv6 2 10,0,0,1 64",
      "if_add_ip 2 2 10,0,0,1 24",
      "if_del_ip 2 2 10,0,0,1 24",
      "set_ipv4_gateway 10,0,0,1",
      "set_ipv6_gateway 10,0,0,1",
      "add_gateway 2 10,0,0,1",
      "if_add_gateway 2 2 10,0,0,1",
      "add_neighbor 2 2 10,0,0,1 2,0,0,0,0,1",
      "qdisc_add 2 root fq",
      "qdisc_add 2 1:1 pfifo",
      "sysctl net.ipv4.tcp_wmem 1 2 3",
      "sysctl a 1",
      "sysctl b.c 2",
    ]);
  });
});

test("names become indices, parameters can be read, and errors come back", () => {
  withKernel(function* (kernel, host) {
    kernel.net = new RecordingNet(kernel);
    const out: { value: string | undefined } = { value: undefined };
    expect(yield* host.finish(kernel.lkl_netdev_get_ifindex(1))).toBe(3);
    expect(yield* host.finish(kernel.lkl_ifname_to_ifindex("eth9"))).toBe(-Errno.ENODEV);
    expect(yield* host.finish(kernel.lkl_sysctl_get("a.b", out))).toBe(0);
    expect(out.value).toBe("4096 1 2");
    expect(yield* host.finish(kernel.lkl_sysctl_get("x", out))).toBe(-Errno.ENOENT);
    expect(yield* host.finish(kernel.lkl_qdisc_parse_add(1, "root|bad;root|fq"))).toBe(
      -Errno.ENOENT,
    );
    expect(yield* host.finish(kernel.lkl_sysctl_parse_write("nonsense"))).toBe(-Errno.EINVAL);
  });
});

test("a kernel without a network stack answers -ENOSYS", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    expect(yield* host.finish(kernel.lkl_if_up(1))).toBe(-Errno.ENOSYS);
  });
});
