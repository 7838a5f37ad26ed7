import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  IP_RECVERR,
  IP_RECVTTL,
  IPPROTO_IP,
  type KernelHandle,
  type Main,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  SOCK_DGRAM,
  SOCK_RAW,
} from "@dcejs/dce-glue";
import { Errno } from "@dcejs/lkl-kernel";
import { outcomeOf } from "./expectation.ts";
import type { Feature } from "./feature.ts";
import { completed } from "./testbed/completed.ts";
import type { Testbed } from "./testbed/testbed.ts";

// What kernels may lack, asked of the kernel itself: a kernel that gains one runs its tests at once.

/** A helper of LKL that answers anything but ENOSYS is there. */
function helper(
  name: string,
  call: (kernel: KernelHandle) => ReturnType<KernelHandle["dce_lkl_if_up"]>,
): Feature {
  return {
    name,
    isThere: async (bed) => {
      const host = bed.host("probe");
      let status = 0;
      host.kernelTask("probe", function* () {
        status = yield* completed(call(host.kernel));
      });
      await bed.run();
      return status !== -Errno.ENOSYS;
    },
  };
}

/** Something that a program finds out. */
async function asProgram(
  bed: Testbed,
  ask: (...args: Parameters<Main>) => Promise<boolean>,
): Promise<boolean> {
  let answer = false;
  bed.host("probe").start(async (posix) => {
    answer = await ask(posix);
  });
  await bed.run();
  return answer;
}

export const IPV6: Feature = {
  name: "IPv6",
  isThere: (bed) =>
    asProgram(
      bed,
      async (posix) =>
        typeof (await outcomeOf(() => posix.socket(AF_INET6, SOCK_DGRAM))) === "number",
    ),
};

export const PACKET_SOCKETS: Feature = {
  name: "packet sockets",
  isThere: (bed) =>
    asProgram(
      bed,
      async (posix) =>
        typeof (await outcomeOf(() => posix.socket(AF_PACKET, SOCK_RAW))) === "number",
    ),
};

export const MOUNTS: Feature = helper(
  "file systems to mount in the kernel (files belong to the simulator)",
  (kernel) => kernel.dce_lkl_mount_fs("proc"),
);

export const LKL_NETDEVS: Feature = helper(
  "virtio devices of LKL's host library (cards are the simulator's)",
  (kernel) => kernel.dce_lkl_netdev_pipe_create("fifo1|fifo2", 0),
);

export const POLICY_ROUTING: Feature = helper("policy routing", (kernel) =>
  kernel.dce_lkl_if_add_rule_from_saddr(1, 2, Uint8Array.of(127, 0, 0, 1)),
);

export const FAIR_QUEUE: Feature = {
  name: "queueing discipline fq",
  isThere: async (bed) => {
    const host = bed.host("probe");
    const peer = bed.host("peer");
    bed.link(host, peer);
    let status = -1;
    host.kernelTask("probe", function* () {
      status = yield* completed(host.kernel.dce_lkl_qdisc_add(host.ifindex(), "root", "fq"));
    });
    await bed.run();
    return status === 0;
  },
};

export const CONTROL_MESSAGES: Feature = {
  name: "control messages of IP",
  isThere: (bed) =>
    asProgram(bed, async (posix) => {
      const socket = await posix.socket(AF_INET, SOCK_DGRAM);
      await posix.bind(socket, { address: "127.0.0.1", port: 5000 });
      await outcomeOf(() => posix.setsockopt(socket, IPPROTO_IP, IP_RECVTTL, 1));
      await posix.sendto(socket, "x", { address: "127.0.0.1", port: 5000 });
      const message = { iov: [new Uint8Array(1)], controlOctets: 64 };
      return (await posix.recvmsg(socket, message)).control.length > 0;
    }),
};

export const ERROR_QUEUE: Feature = {
  name: "error queue of IP_RECVERR",
  isThere: (bed) =>
    asProgram(bed, async (posix) => {
      const socket = await posix.socket(AF_INET, SOCK_DGRAM);
      await outcomeOf(() => posix.setsockopt(socket, IPPROTO_IP, IP_RECVERR, 1));
      await posix.connect(socket, { address: "127.0.0.1", port: 5000 });
      await posix.send(socket, "x");
      const message = { iov: [new Uint8Array(1)], controlOctets: 128 };
      const receive = () => posix.recvmsg(socket, message, MSG_ERRQUEUE | MSG_DONTWAIT);
      return typeof (await outcomeOf(receive)) !== "string";
    }),
};
