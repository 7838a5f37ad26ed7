import { type SimNode, type Simulation, simulation } from "@dcejs/dce-glue";
import { goodputMbps } from "./measure/goodput.ts";
import { counter } from "./measure/mib.ts";
import { seededText, sha256 } from "./measure/seeded-file.ts";
import { receiveFile } from "./programs/receive-file.ts";
import { sendFile } from "./programs/send-file.ts";
import { traceroute } from "./programs/traceroute.ts";

const PORT = 9000;
const TTL_DEFAULT = 64;

/** Real Linux as routers: a file crosses N of them, and each says how many packets it has forwarded. */
export default simulation(
  {
    description: "a TCP transfer through a chain of real Linux routers (--hops of them)",
    kernel: "linux-6.12",
    options: {
      hops: { type: "number", default: 4, min: 1, max: 200, integer: true },
      octets: { type: "number", default: 1_000_000, min: 1, max: 1e9, integer: true },
    },
  },
  (sim) => {
    const { hops, octets } = sim.options;
    const chain = makeChain(sim, hops);
    const { client, server, routers, serverAddress } = chain;

    const content = seededText(sim.random("file"), octets);
    client.fs.write("/file.bin", content);
    const tracing = client.start(traceroute, { args: [serverAddress, hops + 1] });
    // The route is known by then: hop i takes 2 ms for each cable on its way.
    const at = `${1000 + 2 * (hops + 1) * (hops + 2)}ms`;
    const receiving = server.start(receiveFile, { args: [PORT, "/received.bin"] });
    const sending = client.start(sendFile, { args: [serverAddress, PORT, "/file.bin"], at });
    const forwardedBefore = new Map<SimNode, number>();
    sim.at(at, () => {
      for (const router of routers) forwardedBefore.set(router, forwarded(router));
    });

    return () => ({
      route: tracing.stdout,
      goodputMbps: goodputMbps(octets, sending, receiving),
      isIntact: sha256(server.fs.read("/received.bin")) === sha256(content),
      forwarded: routers.map((router) => forwarded(router) - (forwardedBefore.get(router) ?? 0)),
    });
  },
);

function forwarded(router: SimNode): number {
  return counter(router, "Ip", "ForwDatagrams") ?? 0;
}

interface Chain {
  readonly client: SimNode;
  readonly routers: readonly SimNode[];
  readonly server: SimNode;
  readonly serverAddress: string;
}

/** client — router1 — … — routerN — server, the cable behind node i being 10.0.i.0/24. */
function makeChain(sim: Simulation, hops: number): Chain {
  // Linux's packets have 64 hops to live, unless it is told otherwise.
  const sysctl = hops < TTL_DEFAULT ? {} : { "net.ipv4.ip_default_ttl": 255 };
  const client = sim.node("client", { sysctl });
  const routers = Array.from({ length: hops }, (_, i) => sim.router(`router${i + 1}`, { sysctl }));
  const server = sim.node("server", { sysctl });
  let left = client;
  for (const [i, right] of [...routers, server].entries()) {
    sim.link(left, right, { rate: "100Mbps", delay: "1ms", queue: "1000p" });
    left.ip(`addr add 10.0.${i}.1/24 dev sim${i === 0 ? 0 : 1}`);
    right.ip(`addr add 10.0.${i}.2/24 dev sim0`);
    // Everything to the right lies behind the right neighbour, everything to the left behind the left one.
    if (i < hops) left.ip(`route add 10.0.${hops}.0/24 via 10.0.${i}.2`);
    if (i > 0) right.ip(`route add 10.0.0.0/24 via 10.0.${i}.1`);
    left = right;
  }
  return { client, routers, server, serverAddress: `10.0.${hops}.2` };
}
