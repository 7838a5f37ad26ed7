import type { Simulator } from "@dcejs/core-sched";
import type { ByteSink } from "./byte-sink.ts";
import { FileSink } from "./file.ts";
import type { Frame } from "./frame.ts";
import { PcapngWriter, type PcapngOptions } from "./pcapng-writer.ts";
import type { Port } from "./port.ts";

/** A port under the name of its network device. */
export interface NamedPort {
  readonly port: Port;
  /** @default the port's own name */
  readonly name?: string | undefined;
}

export interface CaptureOptions extends PcapngOptions {
  /** Name of one file more with the frames of all ports in the order of time; false for none. @default "all" */
  readonly merged?: string | false | undefined;
}

/** A running capture. */
export interface Capture {
  /** The files' names, without folder, in the order of the ports; the merged one last. */
  readonly files: readonly string[];
  /** Takes the taps off, writes the statistics and closes the files; a second call does nothing. */
  close(): void;
}

/**
 * Writes what passes these ports into `folder`: `<name>.pcapng` for each of them, and one merged file.
 *
 * Frames are stamped as tcpdump on that host would stamp them: a sent one when it is handed to the
 * network card (not when its first bit leaves), a received one when it has arrived completely. A
 * frame that the card drops because it is too long or there is no carrier has been seen by then.
 * The capture closes itself when the simulator is destroyed.
 *
 * @throws RangeError when two ports would write the same file.
 */
export function captureToFiles(
  folder: string,
  ports: readonly (Port | NamedPort)[],
  options: CaptureOptions = {},
): Capture {
  return startCapture((fileName) => new FileSink(`${folder}/${fileName}`), ports, options);
}

/** As `captureToFiles`, with sinks of the caller's making, for instance in memory. */
export function startCapture(
  sinkOf: (fileName: string) => ByteSink,
  ports: readonly (Port | NamedPort)[],
  options: CaptureOptions = {},
): Capture {
  const named = ports.map((entry) =>
    "port" in entry
      ? { port: entry.port, name: entry.name ?? entry.port.name }
      : { port: entry, name: entry.name },
  );
  const { merged: mergedName = "all", ...writerOptions } = options;
  const baseNames = named.map(({ name }) => name);
  if (mergedName !== false) baseNames.push(mergedName);
  const files = baseNames.map((name) => `${name.replace(/[^\w.-]/g, "_")}.pcapng`);
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) throw new RangeError(`two captures would write ${twice}`);

  const writers = files.map((file) => new PcapngWriter(sinkOf(file), writerOptions));
  const merged = mergedName === false ? undefined : writers.at(-1);
  const recorders = named.map(({ port, name }, index) => {
    const own = writers[index];
    return new PortRecorder(port, name, own === undefined ? [merged] : [own, merged]);
  });
  return new RunningCapture(named[0]?.port.simulator, files, writers, recorders);
}

class RunningCapture implements Capture {
  readonly files: readonly string[];
  readonly #writers: readonly PcapngWriter[];
  readonly #recorders: readonly PortRecorder[];
  #isOpen = true;

  constructor(
    simulator: Simulator | undefined,
    files: readonly string[],
    writers: readonly PcapngWriter[],
    recorders: readonly PortRecorder[],
  ) {
    this.files = files;
    this.#writers = writers;
    this.#recorders = recorders;
    simulator?.scheduleDestroy(() => this.close());
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const recorder of this.#recorders) recorder.finish();
    for (const writer of this.#writers) writer.close();
  }
}

/** Writes the frames of one port to its own file and to the merged one. */
class PortRecorder {
  readonly #port: Port;
  readonly #writers: readonly PcapngWriter[];
  readonly #interfaceIds: readonly number[];
  readonly #untap: () => void;
  readonly #droppedBefore: number;
  #seen = 0;

  constructor(port: Port, name: string, writers: readonly (PcapngWriter | undefined)[]) {
    this.#port = port;
    this.#writers = writers.filter((writer) => writer !== undefined);
    const { macAddress, rate: speed } = port;
    this.#interfaceIds = this.#writers.map((writer) =>
      writer.addInterface({ name, macAddress, speed }),
    );
    this.#droppedBefore = port.stats.dropped;
    this.#untap = port.tap((direction, frame) => this.#record(direction, frame));
  }

  finish(): void {
    this.#untap();
    const dropped = this.#port.stats.dropped - this.#droppedBefore;
    const now = this.#port.simulator.now;
    for (const [index, writer] of this.#writers.entries()) {
      writer.writeStatistics(this.#interfaceIds[index] ?? 0, now, this.#seen, dropped);
    }
  }

  #record(direction: "tx" | "rx", frame: Frame): void {
    this.#seen++;
    const now = this.#port.simulator.now;
    for (let i = 0; i < this.#writers.length; i++) {
      this.#writers[i]?.writeFrame(this.#interfaceIds[i] ?? 0, now, direction, frame);
    }
  }
}
