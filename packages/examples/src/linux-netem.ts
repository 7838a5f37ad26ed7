import { type SimNode, type SimProcess, simulation } from "@dcejs/dce-glue";
import { goodputMbps } from "./measure/goodput.ts";
import { counter } from "./measure/mib.ts";
import { seededText, sha256 } from "./measure/seeded-file.ts";
import { ping } from "./programs/ping.ts";
import { receiveFile } from "./programs/receive-file.ts";
import { sendFile } from "./programs/send-file.ts";

const SERVER = "10.0.0.2";
const FIRST_PORT = 9000;
const OCTETS = 500_000;
const PINGS = 20;
/** Seconds for one condition: pings first, then a file. */
const SLOT = 60;
const FILE_AFTER = 25;

/** What `tc qdisc … netem` is given in each slot, after one without it. */
const CONDITIONS = [
  "",
  "delay 50ms",
  "delay 50ms 10ms",
  "loss 10%",
  "delay 20ms reorder 25% 50%",
  "duplicate 20%",
];

/** Linux's own network emulator on one host, seen by ping and by TCP. */
export default simulation(
  {
    description:
      "tc netem on one host: delay, jitter, loss, reordering, duplicates, seen by ping and TCP",
    kernel: "linux-6.12",
  },
  (sim) => {
    const client = sim.node("client");
    const server = sim.node("server");
    sim.link(client, server, { rate: "100Mbps", delay: "1ms" });
    client.ip("addr add 10.0.0.1/24 dev sim0");
    server.ip(`addr add ${SERVER}/24 dev sim0`);
    const content = seededText(sim.random("file"), OCTETS);
    client.fs.write("/file.bin", content);
    const reports = CONDITIONS.map((netem, i) => measure(netem, 1 + i * SLOT, FIRST_PORT + i));
    return () => {
      const rows = reports.map((report) => report());
      return {
        intact: rows.filter(({ isIntact }) => isIntact).length,
        table: table(rows),
        queues: `\n${rows.map(({ queue }) => queue).join("")}`,
      };
    };

    /** Sets the condition at a second, and then pings and sends. */
    function measure(netem: string, start: number, port: number): () => Report {
      sim.at(`${start}s`, () => {
        if (netem !== "") client.tc(`qdisc add dev sim0 root netem ${netem}`);
      });
      const pinging = client.start(ping, {
        args: [SERVER, PINGS],
        at: `${start}s`,
        expect: "any",
      });
      const path = `/received-${port}`;
      const receiving = server.start(receiveFile, { args: [port, path] });
      const sending = client.start(sendFile, {
        args: [SERVER, port, "/file.bin"],
        at: `${start + FILE_AFTER}s`,
      });
      const before = { retransmitted: 0, reordering: 0 };
      let after = before;
      let queue = "";
      sim.at(`${start}s`, () => Object.assign(before, tcpCounters(client)));
      sim.at(`${start + SLOT - 1}s`, () => {
        after = tcpCounters(client);
        queue = client.tc("-s qdisc show dev sim0");
        if (netem !== "") client.tc("qdisc del dev sim0 root");
      });
      return () => ({
        netem,
        ...roundTrips(pinging),
        isIntact: sha256(server.fs.read(path)) === sha256(content),
        goodputMbps: goodputMbps(OCTETS, sending, receiving),
        retransmitted: after.retransmitted - before.retransmitted,
        reordering: after.reordering - before.reordering,
        queue,
      });
    }
  },
);

interface Report {
  readonly netem: string;
  readonly answered: number;
  /** Milliseconds. */
  readonly rttMin: number;
  readonly rttMax: number;
  readonly isIntact: boolean;
  readonly goodputMbps: number;
  readonly retransmitted: number;
  /** How often TCP has seen that packets had overtaken each other. */
  readonly reordering: number;
  /** What `tc -s qdisc show` says at the end. */
  readonly queue: string;
}

function tcpCounters(node: SimNode): { retransmitted: number; reordering: number } {
  return {
    retransmitted: counter(node, "Tcp", "RetransSegs") ?? 0,
    reordering:
      (counter(node, "TcpExt", "TCPSACKReorder") ?? 0) +
      (counter(node, "TcpExt", "TCPTSReorder") ?? 0),
  };
}

function roundTrips(pinging: SimProcess): Pick<Report, "answered" | "rttMin" | "rttMax"> {
  const times = [...pinging.stdout.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  return { answered: times.length, rttMin: Math.min(...times), rttMax: Math.max(...times) };
}

function table(reports: readonly Report[]): string {
  const rows = reports.map((one) =>
    row([
      one.netem === "" ? "(nothing)" : one.netem,
      `${one.answered}/${PINGS}`,
      `${one.rttMin}-${one.rttMax}`,
      one.goodputMbps.toFixed(2),
      String(one.retransmitted),
      String(one.reordering),
    ]),
  );
  const head = row(["netem", "pings", "rtt ms", "Mbit/s", "retransmitted", "reordering seen"]);
  return `\n${head}${rows.join("")}`;
}

function row(cells: readonly string[]): string {
  const [first = "", ...others] = cells;
  return `${first.padEnd(28)}${others.map((cell) => cell.padStart(16)).join("")}\n`;
}
