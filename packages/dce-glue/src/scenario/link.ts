import type { LinkOptions } from "@dcejs/links";
import type { SimNode } from "./node.ts";

/** One end of a cable, as the node that it is plugged into sees it. */
export interface SimInterface {
  readonly node: SimNode;
  /** `sim0`, `sim1`… in the order of the node's links; `ip link set … name` does not change it. */
  readonly name: string;
  /** `00:00:00:00:00:01`; unique in the simulation. */
  readonly address: string;
}

/** Cable between two nodes, or between a node and a switch. */
export interface SimLink {
  readonly name: string;
  /** The interfaces it made, in the order of `sim.link`'s arguments; one when the other end is a switch. */
  readonly interfaces: readonly SimInterface[];
  /** Plugs the cable in: both ends get their carrier. */
  up(): void;
  /** Pulls the cable: frames on the wire are lost, both ends lose their carrier. */
  down(): void;
  /** Changes rate, delay, loss… from now on. @throws {ScenarioError} for a value out of range. */
  set(options: Partial<LinkOptions>): void;
}

/** What `sim.link` takes: the cable's properties, and the transmit queue of the interfaces. */
export interface SimLinkOptions extends LinkOptions {
  readonly name?: string;
  /** Transmit queue of both interfaces (`txqueuelen`): "100p" or a number of packets. @default 1000 packets */
  readonly queue?: string | number;
  /** Octets. @default 1500 */
  readonly mtu?: number;
  /** Properties of the way back, where they differ. */
  readonly reverse?: LinkOptions;
}

/** A learning Ethernet switch: `sim.link(node, sim.switch("s1"))`. */
export interface SimSwitch {
  readonly kind: "switch";
  readonly name: string;
}
