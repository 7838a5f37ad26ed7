import { simulation } from "@dcejs/dce-glue";

/** One program ends with exit code 3, another throws. */
export default simulation({ description: "programs that fail" }, (sim) => {
  const host = sim.node("host");
  host.start(() => 3, { name: "returns-3" });
  host.start(
    () => {
      throw new Error("out of luck");
    },
    { name: "thrower" },
  );
});
