import {
  kernelProvider,
  type KernelProvider,
  registerKernelProvider,
  simulation,
} from "@dcejs/dce-glue";

const emulated = kernelProvider("emulated");

/** The emulated kernel, with a warning as real Linux has it. */
const warning: KernelProvider = {
  name: "warning",
  create: (host) => {
    const inner = emulated.create(host);
    return {
      sim_init: inner.sim_init,
      destroy: () => inner.destroy(),
      get livePackets() {
        return inner.livePackets;
      },
      warnings: [
        { at: -1, what: "kernel/early.c:1" },
        { at: 1_500_000, what: "net/ipv4/tcp_input.c:3362" },
      ],
    };
  },
};
registerKernelProvider(warning);

/** A node whose kernel warns; with --stuck a program on it waits for ever. */
export default simulation({ kernel: "warning", options: { stuck: { type: "boolean" } } }, (sim) => {
  sim.node("host").start(
    async (posix) => {
      const fd = await posix.socket(2, 2);
      if (sim.options.stuck) await posix.recv(fd, new Uint8Array(1));
    },
    { name: "program" },
  );
});
