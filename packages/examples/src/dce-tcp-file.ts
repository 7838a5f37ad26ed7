import { readFileSync } from "node:fs";
import { ScenarioError, simulation } from "@dcejs/dce-glue";
import { seededText, sha256 } from "./measure/seeded-file.ts";
import { receiveFile } from "./programs/receive-file.ts";
import { sendFile } from "./programs/send-file.ts";

const PORT = 9000;
const DEFAULT_SIZE = 1_000_000;

/** The main job: a real file crosses a simulated link through two kernels, and arrives as it was. */
export default simulation(
  {
    description: "a file over TCP across a lossy link, checked byte for byte",
    options: {
      file: { type: "string", description: "a file of yours; default: 1 MB made from the seed" },
      rate: { type: "string", default: "10Mbps" },
      delay: { type: "string", default: "20ms" },
      loss: { type: "number", default: 0.01, min: 0, max: 1 },
    },
  },
  (sim) => {
    const { file, rate, delay, loss } = sim.options;
    const content =
      file === undefined ? seededText(sim.random("file"), DEFAULT_SIZE) : hostFile(file);

    const sender = sim.node("sender");
    const receiver = sim.node("receiver");
    sim.link(sender, receiver, { rate, delay, loss, queue: "100p" });
    sender.ip("addr add 10.0.0.1/24 dev sim0");
    receiver.ip("addr add 10.0.0.2/24 dev sim0");

    sender.fs.write("/file.bin", content);
    const receiving = receiver.start(receiveFile, { args: [PORT, "/received.bin"] });
    const sending = sender.start(sendFile, {
      args: ["10.0.0.2", PORT, "/file.bin"],
      at: "100ms",
    });

    return () => {
      const received = receiver.fs.exists("/received.bin")
        ? receiver.fs.read("/received.bin")
        : new Uint8Array();
      const seconds = ((receiving.endNs ?? sim.now) - (sending.startNs ?? 0)) / 1e9;
      return {
        bytes: received.length,
        sha256Sent: sha256(content),
        sha256Received: sha256(received),
        goodputMbps: Number(((received.length * 8) / 1e6 / seconds).toFixed(3)),
      };
    };
  },
);

function hostFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ScenarioError(`--file ${path}: ${String(error)}`);
  }
}
