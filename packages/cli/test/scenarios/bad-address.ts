import { simulation } from "@dcejs/dce-glue";

/** Gives an address that is none. */
export default simulation({ description: "an address that is none" }, (sim) => {
  sim.node("host").ip("addr add 10.0.0.300/24 dev lo");
});
