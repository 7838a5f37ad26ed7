import type { Wait } from "@dcejs/core-sched";
import { AF_INET, type Posix, SOCK_DGRAM, SOCK_STREAM } from "@dcejs/dce-glue";
import type { ConformanceTest, Part } from "../conformance-test.ts";
import { holds, outcomeOf, same } from "../expectation.ts";
import { connectTo, expectPattern, listenAt, receiveText, sendPattern } from "../program/stream.ts";
import { type Packet, pair, Testbed } from "../testbed/index.ts";
import { RIGHT } from "../testbed/topology.ts";

const CLONES = 10_000;
const HALTED_HOSTS = 100;
const BLOCKED_THREADS = 64;
const LOOPBACK = "127.0.0.1";

/** Two hosts, a lossy cable, a transfer: everything that was on the wire. */
async function lossyTransfer(bed: Testbed): Promise<readonly Packet[]> {
  const { left, right, wire } = pair(bed, { wire: { rate: "50Mbps", loss: 0.02 } });
  right.start(async (posix) => {
    await expectPattern(posix, await posix.accept(await listenAt(posix, 5001)), 300_000);
  });
  left.start(
    async (posix) => {
      await sendPattern(posix, await connectTo(posix, RIGHT, 5001), 300_000);
    },
    { at: "1ms" },
  );
  await bed.run();
  return wire.packets;
}

/** Waits for a datagram that never comes, until the kernel is gone. */
async function waitForNothing(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(socket, { address: LOOPBACK, port: 9 });
  const outcome = await outcomeOf(() => posix.recv(socket, new Uint8Array(8)));
  holds(typeof outcome === "string", `recv() of a halted kernel gives an error: ${outcome}`);
}

const tests: readonly ConformanceTest[] = [
  {
    name: "clone_join_10000",
    source: "sgx-lkl #686: 10,000 threads one after the other, each with calls into the kernel",
    run: async (bed) => {
      const host = bed.host("host");
      host.start(async (posix) => {
        for (let i = 0; i < CLONES; i++) {
          const thread = posix.createThread(async () => {
            await posix.close(await posix.socket(AF_INET, SOCK_DGRAM));
            return 1;
          });
          same(await posix.join(thread), 1, "what the thread gave");
        }
      });
      await bed.run();
    },
  },
  {
    name: "shutdown_raced",
    source:
      "sgx-lkl #413: 100 kernels are halted at different instants, under blocked calls and traffic",
    run: async (bed) => {
      for (let i = 0; i < HALTED_HOSTS; i++) {
        const host = bed.host(`host${i}`);
        // Whether what is blocked comes back is the next test's question.
        host.start(waitForNothing, { isDaemon: true });
        host.start(
          async (posix) => {
            await outcomeOf(async () => {
              const socket = await posix.socket(AF_INET, SOCK_DGRAM);
              for (;;) {
                await posix.sendto(socket, "x", { address: LOOPBACK, port: 9999 });
                await posix.usleep(7);
              }
            });
          },
          { at: "1us" },
        );
        const halt = function* (): Wait<void> {
          same(yield* host.factory.halt(), 0, "lkl_sys_halt");
        };
        host.kernelTask("halt", halt, `${100 + i * 13}us`);
      }
      await bed.run();
    },
  },
  {
    name: "shutdown_wakes",
    source:
      "KernelHandle halt_kernel: a call that is blocked when the kernel halts comes back with an error",
    run: async (bed) => {
      const host = bed.host("host");
      host.start(waitForNothing);
      const halt = function* (): Wait<void> {
        same(yield* host.factory.halt(), 0, "lkl_sys_halt");
      };
      host.kernelTask("halt", halt, "1ms");
      await bed.run();
    },
  },
  {
    name: "accept_blocks_nobody",
    source: "docs/ACCEPT_DEADLOCK.md: while a thread sleeps in accept, another one connects to it",
    run: async (bed) => {
      const host = bed.host("host");
      host.start(async (posix) => {
        const listener = await listenAt(posix, 80);
        const server = posix.createThread(async () => {
          const socket = await posix.accept(listener);
          await posix.send(socket, "hello");
          await posix.close(socket);
        });
        await posix.usleep(10);
        const socket = await connectTo(posix, LOOPBACK, 80);
        same(await receiveText(posix, socket, 5), "hello", "text");
        await posix.join(server);
      });
      await bed.run();
    },
  },
  {
    name: "blocked_threads_64",
    source:
      "LKL #72, #600: 64 threads sleep in recv at the same time; each is woken by its own datagram",
    run: async (bed) => {
      bed.host("host").start(async (posix) => {
        const order: number[] = [];
        const threads = Array.from({ length: BLOCKED_THREADS }, (_, index) =>
          posix.createThread(async () => {
            const socket = await posix.socket(AF_INET, SOCK_DGRAM);
            await posix.bind(socket, { address: LOOPBACK, port: 1000 + index });
            await posix.recv(socket, new Uint8Array(8));
            order.push(index);
          }),
        );
        await posix.usleep(10);
        const sender = await posix.socket(AF_INET, SOCK_DGRAM);
        for (let index = BLOCKED_THREADS - 1; index >= 0; index--) {
          await posix.sendto(sender, "x", { address: LOOPBACK, port: 1000 + index });
          await posix.usleep(1);
        }
        for (const thread of threads) await posix.join(thread);
        same(
          order,
          threads.map((_, index) => BLOCKED_THREADS - 1 - index),
          "order",
        );
      });
      await bed.run();
    },
  },
  {
    name: "instances_share_nothing",
    source:
      "issue of LKL #51, #264: two kernels in one process have ports, parameters and addresses of their own",
    run: async (bed) => {
      const { left, right } = pair(bed);
      left.sysctl("net.ipv4.ip_default_ttl", 77);
      for (const host of [left, right]) {
        host.start(async (posix) => {
          await posix.bind(await posix.socket(AF_INET, SOCK_STREAM), {
            address: "0.0.0.0",
            port: 80,
          });
        });
      }
      await bed.run();
      same(left.factory.Get("net.ipv4.ip_default_ttl"), "77", "TTL of one");
      same(right.factory.Get("net.ipv4.ip_default_ttl"), "64", "TTL of the other");
    },
  },
  {
    name: "same_seed_same_bytes",
    source:
      "docs/DETERMINISM.md: a lossy transfer that is run twice puts the same bytes on the wire at the same times",
    run: async (bed) => {
      const first = await lossyTransfer(bed);
      const again = new Testbed(bed.kernel, bed.peer);
      const second = await lossyTransfer(again);
      await again.dispose();
      holds(first.length > 200, "there was traffic");
      same(second.length, first.length, "frames");
      for (const [index, packet] of first.entries()) {
        same(second[index], packet, `frame ${index}`);
      }
    },
  },
];

export const extraPart: Part = {
  title: "more",
  about: "Ideas from LKL's and SGX-LKL's issues, and what this project promises of any kernel.",
  tests,
};
