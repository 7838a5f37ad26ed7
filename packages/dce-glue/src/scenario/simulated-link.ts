import { LearningSwitch, type LinkOptions, PointToPointLink, type Port } from "@dcejs/links";
import { parseQueueLimit } from "@dcejs/links";
import type { Simulator } from "@dcejs/core-sched";
import type { SimInterface, SimLink, SimLinkOptions, SimSwitch } from "./link.ts";
import { ScenarioError } from "./scenario-error.ts";
import type { SwitchOptions } from "./simulation.ts";

/** txqueuelen of an interface whose link names no queue. */
const TX_QUEUE_DEFAULT = 1000;
const MTU_DEFAULT = 1500;
const MTU_MIN = 68;
const MTU_MAX = 65_535;
const ETHERNET_HEADER_OCTETS = 14;

/** What a link says about the interfaces at its ends. */
export interface InterfaceSettings {
  readonly mtu: number;
  /** Packets. */
  readonly txQueueLength: number;
}

export class SimulatedLink implements SimLink {
  readonly name: string;
  readonly interfaces: SimInterface[] = [];
  readonly settings: InterfaceSettings;
  readonly #cable: PointToPointLink;
  readonly #drops: () => number;

  /** @throws {ScenarioError} an option out of range */
  constructor(simulator: Simulator, name: string, options: SimLinkOptions) {
    const { name: _name, queue, mtu = MTU_DEFAULT, reverse, ...cable } = options;
    this.name = name;
    this.settings = checked(name, () => interfaceSettings(mtu, queue));
    this.#cable = checked(
      name,
      () => new PointToPointLink(simulator, name, { ab: cable, ba: { ...cable, ...reverse } }),
    );
    this.#drops = () => this.#cable.a.stats.dropped + this.#cable.b.stats.dropped;
  }

  get ports(): readonly [Port, Port] {
    return [this.#cable.a, this.#cable.b];
  }

  get framesDropped(): number {
    return this.#drops();
  }

  up(): void {
    this.#cable.setUp(true);
  }

  down(): void {
    this.#cable.setUp(false);
  }

  set(options: Partial<LinkOptions>): void {
    checked(this.name, () => this.#cable.set({ ab: options, ba: options }));
  }
}

export class SimulatedSwitch implements SimSwitch {
  readonly kind = "switch";
  readonly name: string;
  readonly #learningSwitch: LearningSwitch;

  constructor(simulator: Simulator, name: string, options: SwitchOptions) {
    this.name = name;
    this.#learningSwitch = checked(name, () => new LearningSwitch(simulator, name, options));
  }

  connect(port: Port): void {
    this.#learningSwitch.connect(port);
  }
}

function interfaceSettings(mtu: number, queue: string | number | undefined): InterfaceSettings {
  if (!Number.isInteger(mtu) || mtu < MTU_MIN || mtu > MTU_MAX) {
    throw new RangeError(`mtu must be an integer from ${MTU_MIN} to ${MTU_MAX}, not ${mtu}`);
  }
  if (queue === undefined) return { mtu, txQueueLength: TX_QUEUE_DEFAULT };
  const { unit, limit } = parseQueueLimit(queue);
  // txqueuelen counts packets: a limit in octets becomes so many full frames.
  const txQueueLength =
    unit === "packets" ? limit : Math.max(1, Math.floor(limit / (mtu + ETHERNET_HEADER_OCTETS)));
  return { mtu, txQueueLength };
}

/** A RangeError of the links becomes an error of the scenario that names the link. */
function checked<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new ScenarioError(`link ${name}: ${error.message}`);
    throw error;
  }
}
