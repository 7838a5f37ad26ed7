// A scenario for soak.mjs: dce-tcp-file with a kernel for each end.
//   dce run scripts/soak-mixed.mjs --sender emulated --receiver linux-6.12
import tcpFile from "../packages/examples/src/dce-tcp-file.ts";

const kernel = { type: "string", default: "emulated" };

// oxlint-disable-next-line import/no-default-export -- a scenario
export default {
  ...tcpFile,
  config: {
    ...tcpFile.config,
    description: "dce-tcp-file between two kinds of kernel",
    options: { ...tcpFile.config.options, sender: kernel, receiver: kernel },
  },
  setup: (sim) =>
    tcpFile.setup({
      options: sim.options,
      node: (name) => sim.node(name, { kernel: sim.options[name] }),
      link: (...args) => sim.link(...args),
      random: (name) => sim.random(name),
      get now() {
        return sim.now;
      },
    }),
};
