import { type SimProcess, type Simulation, simulation } from "@dcejs/dce-glue";
import { tcpMeter } from "./programs/tcp-meter.ts";
import { tcpStream } from "./programs/tcp-stream.ts";

const BOTTLENECK_BITS_PER_SECOND = 10e6;
const ONE_WAY_MS = 20;
/** Octets on their way in one round trip: what fills the bottleneck without a buffer. */
const BANDWIDTH_DELAY_PRODUCT = (BOTTLENECK_BITS_PER_SECOND / 8) * ((2 * ONE_WAY_MS) / 1000);
/** Seconds of each interval of the report. */
const INTERVAL = 5;
const RIVALS = ["bbr", "cubic"] as const;

/**
 * Two flows over one bottleneck, one with BBR and one with CUBIC: who gets how much depends on the buffer. CUBIC fills
 * it and slows down when it overflows, BBR wants so much on its way and no more. On 6.12 BBR has about nine tenths behind
 * half a bandwidth-delay product, a half behind two or three, a third behind four and a tenth behind sixteen.
 */
export default simulation(
  {
    description: "BBR against CUBIC over one bottleneck, behind a shallow and a deep buffer",
    kernel: "linux-6.12",
    options: {
      seconds: { type: "number", default: 30, min: 10, max: 600, integer: true },
      shallow: {
        type: "number",
        default: 0.5,
        min: 0.1,
        description: "bandwidth-delay products that the small buffer holds",
      },
      deep: { type: "number", default: 16, min: 0.1, description: "the same of the large one" },
    },
  },
  (sim) => {
    const { seconds, shallow, deep } = sim.options;
    const shallowRace = makeRace(sim, "shallow", shallow, seconds);
    const deepRace = makeRace(sim, "deep", deep, seconds);
    return () => {
      const reports = { shallow: shallowRace(), deep: deepRace() };
      return {
        bbrShare: { shallow: reports.shallow.bbrShare, deep: reports.deep.bbrShare },
        bufferOctets: { shallow: reports.shallow.bufferOctets, deep: reports.deep.bufferOctets },
        overTime: table(reports.shallow, reports.deep),
      };
    };
  },
);

/** Megabits per second of each interval, and how the whole was shared. */
interface RaceReport {
  readonly bufferOctets: number;
  readonly bbrMbps: readonly number[];
  readonly cubicMbps: readonly number[];
  /** Share of BBR of everything that arrived. */
  readonly bbrShare: number;
}

/** Two senders and their receiver on a switch whose port to the receiver is the bottleneck: a plain FIFO of octets. */
function makeRace(
  sim: Simulation,
  name: string,
  bufferProducts: number,
  seconds: number,
): () => RaceReport {
  const bufferOctets = Math.round(bufferProducts * BANDWIDTH_DELAY_PRODUCT);
  const fabric = sim.switch(`${name}-switch`, { queue: `${bufferOctets}B` });
  const receiver = sim.node(`${name}-receiver`);
  sim.link(receiver, fabric, { rate: BOTTLENECK_BITS_PER_SECOND, delay: `${ONE_WAY_MS}ms` });
  receiver.ip("addr add 10.0.0.1/24 dev sim0");
  const meters = RIVALS.map((congestionControl, i) => {
    const sender = sim.node(`${name}-${congestionControl}`);
    sim.link(sender, fabric, { rate: "100Mbps", delay: "0ms" });
    sender.ip(`addr add 10.0.0.${2 + i}/24 dev sim0`);
    const port = 5001 + i;
    sender.start(tcpStream, { args: ["10.0.0.1", port, congestionControl, seconds], at: "1s" });
    return receiver.start(tcpMeter, { args: [port, INTERVAL] });
  });
  return () => {
    const [bbr = [], cubic = []] = meters.map((meter) => octetsOf(meter));
    return {
      bufferOctets,
      bbrMbps: bbr.map(mbps),
      cubicMbps: cubic.map(mbps),
      bbrShare: Number((sum(bbr) / (sum(bbr) + sum(cubic))).toFixed(3)),
    };
  };
}

/** Mbit/s of both flows in each interval, in both buffers. */
function table(shallow: RaceReport, deep: RaceReport): string {
  const columns = [shallow.bbrMbps, shallow.cubicMbps, deep.bbrMbps, deep.cubicMbps];
  const head = row(["seconds", "shallow bbr", "shallow cubic", "deep bbr", "deep cubic"]);
  const rows = shallow.bbrMbps.map((_, i) =>
    row([`${i * INTERVAL}-${(i + 1) * INTERVAL}`, ...columns.map((c) => (c[i] ?? 0).toFixed(2))]),
  );
  return `\n${head}${rows.join("")}`;
}

function row(cells: readonly string[]): string {
  return `${cells.map((cell) => cell.padStart(14)).join("")}\n`;
}

function octetsOf(meter: SimProcess): number[] {
  return meter.stdout.trim().split("\n").map(Number);
}

function mbps(octets: number): number {
  return Number(((octets * 8) / 1e6 / INTERVAL).toFixed(2));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
