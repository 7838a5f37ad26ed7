import { ScenarioError, type SimNode, simulation } from "@dcejs/dce-glue";
import { goodputMbps } from "./measure/goodput.ts";
import { counter } from "./measure/mib.ts";
import { seededText, sha256 } from "./measure/seeded-file.ts";
import { receiveFile } from "./programs/receive-file.ts";
import { sendFile } from "./programs/send-file.ts";

const OCTETS = 200_000;
const FIRST_PORT = 9000;
/** Time for one transfer, losses and all: seconds. */
const SLOT = 20;

/** Kernels of three releases, and the one in TypeScript, on one switch: a file from each to each. */
export default simulation(
  {
    description:
      "Linux 6.1, 6.12, 7.3 and the emulated kernel on one switch: files from each to each",
    options: {
      kernels: {
        type: "string",
        default: "linux-6.1,linux-6.12,linux-7.3,emulated",
        description: "names of kernels, one host for each",
      },
      loss: { type: "number", default: 0.01, min: 0, max: 0.5 },
    },
  },
  (sim) => {
    const { kernels, loss } = sim.options;
    const fabric = sim.switch("switch");
    const hosts = kernels.split(",").map((kernel, i) => {
      const host = sim.node(`${kernel}-${i + 1}`, { kernel });
      sim.link(host, fabric, { rate: "10Mbps", delay: "5ms", loss, queue: "100p" });
      host.ip(`addr add 10.0.0.${i + 1}/24 dev sim0`);
      return host;
    });
    if (hosts.length < 2) throw new ScenarioError("--kernels: two at least, as in a,b");

    const content = seededText(sim.random("file"), OCTETS);
    const pairs = hosts.flatMap((from) =>
      hosts.filter((to) => to !== from).map((to) => ({ from, to })),
    );
    const transfers = pairs.map(({ from, to }, i) => startTransfer(from, to, i));
    return () => {
      const reports = transfers.map((report) => report());
      return {
        transfers: reports.length,
        intact: reports.filter(({ isIntact }) => isIntact).length,
        table: table(reports),
      };
    };

    /** The i-th transfer, which has its own port, files and slot of time. */
    function startTransfer(from: SimNode, to: SimNode, i: number): () => TransferReport {
      const [port, start] = [FIRST_PORT + i, 1 + i * SLOT];
      const [sent, received] = [`/sent-${port}`, `/received-${port}`];
      from.fs.write(sent, content);
      const receiving = to.start(receiveFile, { args: [port, received] });
      const address = `10.0.0.${hosts.indexOf(to) + 1}`;
      const sending = from.start(sendFile, { args: [address, port, sent], at: `${start}s` });
      const retransmitted = { before: 0, after: 0 };
      sim.at(`${start}s`, () => {
        retransmitted.before = retransmissions(from);
      });
      sim.at(`${start + SLOT}s`, () => {
        retransmitted.after = retransmissions(from);
      });
      return () => ({
        from: from.kernel,
        to: to.kernel,
        isIntact: to.fs.exists(received) && sha256(to.fs.read(received)) === sha256(content),
        goodputMbps: goodputMbps(OCTETS, sending, receiving),
        retransmitted: retransmitted.after - retransmitted.before,
      });
    }
  },
);

interface TransferReport {
  readonly from: string;
  readonly to: string;
  readonly isIntact: boolean;
  readonly goodputMbps: number;
  /** Segments. */
  readonly retransmitted: number;
}

function table(reports: readonly TransferReport[]): string {
  const rows = reports.map(({ from, to, isIntact, goodputMbps: mbps, retransmitted }) =>
    row([from, to, isIntact ? "intact" : "DIFFERS", mbps.toFixed(2), String(retransmitted)]),
  );
  const head = row(["from", "to", "file", "Mbit/s", "retransmitted"]);
  return `\n${head}${rows.join("")}`;
}

function row(cells: readonly string[]): string {
  const [from = "", to = "", file = "", mbps = "", again = ""] = cells;
  return `${from.padEnd(12)}${to.padEnd(12)}${file.padEnd(10)}${mbps.padStart(6)}${again.padStart(15)}\n`;
}

function retransmissions(node: SimNode): number {
  return counter(node, "Tcp", "RetransSegs") ?? 0;
}
