import { simulation } from "@dcejs/dce-glue";
import { ping } from "./programs/ping.ts";

/** A host pings another one behind a router, and an address that nobody has. */
export default simulation(
  {
    description: "ICMP echo through a router, and to an address that nobody has",
    options: { count: { type: "number", default: 3, min: 1, integer: true } },
  },
  (sim) => {
    const left = sim.node("left");
    const router = sim.router("router");
    const right = sim.node("right");
    sim.link(left, router, { rate: "100Mbps", delay: "1ms" });
    sim.link(router, right, { rate: "10Mbps", delay: "5ms" });
    left.ip("addr add 10.0.0.1/24 dev sim0");
    router.ip("addr add 10.0.0.254/24 dev sim0");
    router.ip("addr add 10.0.1.254/24 dev sim1");
    right.ip("addr add 10.0.1.1/24 dev sim0");
    left.ip("route add default via 10.0.0.254");
    right.ip("route add default via 10.0.1.254");

    const args = (address: string): (string | number)[] => [address, sim.options.count];
    const answered = left.start(ping, { args: args("10.0.1.1"), at: "1s" });
    const unanswered = left.start(ping, { args: args("10.0.1.9"), at: "1s", expect: 1 });
    return () => ({ answered: answered.stdout, unanswered: unanswered.stdout });
  },
);
