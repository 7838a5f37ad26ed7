import { simulation } from "@dcejs/dce-glue";

/** Never ends by itself. */
export default simulation({ description: "a host that never rests" }, (sim) => {
  sim.node("host").start(
    async (posix) => {
      for (;;) await posix.usleep(1);
    },
    { name: "restless" },
  );
});
