/**
 * Frames of 1000 octets through a chain of cables of 1 Gbit/s: ns of CPU time for each frame and hop.
 * `node -C @dcejs/source bench/chain.ts [hops…]` prints one JSON line for each number of hops.
 */
import { nanoseconds, Simulator } from "@dcejs/core-sched";
import { type Frame, FramePool, PointToPointLink, type Port } from "@dcejs/links";

const FRAMES = 200_000;
const LENGTH = 1000;
const REPEATS = 5;

/** Passes each frame on; the load is below the rate, so that a full ring is a bug. */
function forward(from: Port, to: Port): void {
  const pass = (frame: Frame): void => {
    if (!to.send(frame)) throw new Error("the ring is full");
  };
  from.attach({ receive: pass, writable: () => {}, carrier: () => {} });
}

/** CPU ns per frame and hop. `isSaturated`: the first cable always has frames waiting for room. */
function chain(hops: number, isSaturated: boolean): { nsPerHop: number; eventsPerHop: number } {
  const simulator = new Simulator({ seed: 1 });
  const pool = new FramePool();
  const options = { rate: "1Gbit", delay: "10us", ring: 2 };
  const cables = Array.from(
    { length: hops },
    (_, i) => new PointToPointLink(simulator, `c${i}`, options),
  );
  for (const [i, cable] of cables.entries()) {
    const next = cables[i + 1];
    if (next !== undefined) forward(cable.b, next.a);
  }
  let delivered = 0;
  cables.at(-1)?.b.attach({
    receive(frame) {
      delivered++;
      frame.release();
    },
    writable: () => {},
    carrier: () => {},
  });

  const first = cables[0]?.a;
  if (first === undefined) throw new Error("a chain has at least one hop");
  let left = FRAMES;
  const fill = (): void => {
    while (left > 0) {
      const frame = pool.alloc(LENGTH);
      if (!first.send(frame)) {
        frame.release();
        return;
      }
      left--;
    }
  };
  first.attach({ receive: (frame) => frame.release(), writable: fill, carrier: () => {} });
  if (isSaturated) fill();
  else paced(simulator, pool, first);

  const before = process.cpuUsage();
  simulator.runSync();
  const { user, system } = process.cpuUsage(before);
  if (delivered !== FRAMES || pool.live !== 0) throw new Error("frames have been lost");
  return {
    nsPerHop: ((user + system) * 1000) / (FRAMES * hops),
    eventsPerHop: simulator.eventCount / (FRAMES * hops),
  };
}

/** One frame each 8.9 us: 90 % of the rate. */
function paced(simulator: Simulator, pool: FramePool, first: Port): void {
  const gap = nanoseconds(8900);
  let left = FRAMES;
  const tick = (): void => {
    if (!first.send(pool.alloc(LENGTH))) throw new Error("the ring is full");
    if (--left > 0) simulator.schedule(gap, tick);
  };
  simulator.scheduleNow(tick);
}

for (const hops of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 4, 16]) {
  for (const isSaturated of [false, true]) {
    const runs = Array.from({ length: REPEATS }, () => chain(hops, isSaturated));
    const nsPerHop = Math.min(...runs.map((run) => run.nsPerHop));
    const eventsPerHop = runs[0]?.eventsPerHop;
    const load = isSaturated ? "saturated" : "90%";
    console.log(JSON.stringify({ bench: "links/chain", hops, load, nsPerHop, eventsPerHop }));
  }
}
