import { simulation } from "@dcejs/dce-glue";

/** Ends as expected, and shows its option in the result. */
export default simulation(
  {
    description: "a host that sleeps",
    options: { seconds: { type: "number", default: 2, min: 0, max: 60 } },
  },
  (sim) => {
    sim
      .node("host")
      .start(async (posix) => void (await posix.sleep(sim.options.seconds)), { name: "sleeper" });
    return { slept: sim.options.seconds };
  },
);
