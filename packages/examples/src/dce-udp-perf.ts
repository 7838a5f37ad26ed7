import { simulation } from "@dcejs/dce-glue";
import { udpBlast } from "./programs/udp-blast.ts";
import { udpSink } from "./programs/udp-sink.ts";

const LINK_BITS_PER_SECOND = 1e9;
/** Ethernet, IPv4 and UDP headers, in octets. */
const HEADERS = 14 + 20 + 8;
/** Offered load as a share of the link's rate. */
const LOAD = 0.9;

/** DCE's benchmark: datagrams at a constant rate through a chain of routers. */
export default simulation(
  {
    description: "UDP at 90 % of 1 Gbit/s through a chain of routers",
    options: {
      hops: { type: "number", default: 4, min: 1, max: 200, integer: true },
      packets: { type: "number", default: 1000, min: 1, integer: true },
      size: { type: "number", default: 1000, min: 4, max: 1472, integer: true },
    },
  },
  (sim) => {
    const { hops, packets, size } = sim.options;
    const nodes = Array.from({ length: hops + 1 }, (_, i) =>
      i === 0 || i === hops ? sim.node(`host${i}`) : sim.router(`router${i}`),
    );
    const [first] = nodes;
    const last = nodes[hops];
    if (first === undefined || last === undefined) throw new Error("a chain has two ends");

    for (let i = 0; i < hops; i++) {
      const [left, right] = [nodes[i], nodes[i + 1]];
      if (left === undefined || right === undefined) continue;
      sim.link(left, right, { rate: LINK_BITS_PER_SECOND, delay: "10us", queue: "1000p" });
      left.ip(`addr add 10.0.${i}.1/24 dev sim${i === 0 ? 0 : 1}`);
      right.ip(`addr add 10.0.${i}.2/24 dev sim0`);
      // Everything to the right lies behind the right neighbour, everything to the left behind the left one.
      if (i < hops - 1) left.ip(`route add 10.0.${hops - 1}.0/24 via 10.0.${i}.2`);
      if (i > 0) right.ip(`route add 10.0.0.0/24 via 10.0.${i}.1`);
    }

    const interval = Math.round(((size + HEADERS) * 8 * 1e9) / LINK_BITS_PER_SECOND / LOAD);
    const sink = last.start(udpSink, { args: [9, 2000], name: "udp-sink" });
    first.start(udpBlast, {
      args: [`10.0.${hops - 1}.2`, 9, packets, size, interval],
      name: "udp-blast",
      at: "1s",
    });
    return () => {
      const delivered = Number(sink.stdout);
      return { delivered, dropped: packets - delivered, packetHops: delivered * hops };
    };
  },
);
