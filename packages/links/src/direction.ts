import { nanoseconds, type RandomStream } from "@dcejs/core-sched";
import { ArrivalQueue } from "./arrival-queue.ts";
import { flipOneBit } from "./corruption.ts";
import { ETHERNET_HEADER_LENGTH, type Frame } from "./frame.ts";
import { FRAME_LENGTH_MAX } from "./limits.ts";
import type { LinkSettings } from "./link-options.ts";
import { createLossModel, type LossModel } from "./loss-model.ts";
import { OvertakingFrames } from "./overtaking-frames.ts";
import type { Port, Wire } from "./port.ts";
import { Serialiser } from "./serialiser.ts";
import { TransmitRing } from "./transmit-ring.ts";

const ETHER_TYPE = 12;
const ETH_P_8021Q = 0x8100;
const VLAN_TAG_LENGTH = 4;
const NOW = nanoseconds(0);

type Model = "loss" | "duplicate" | "corrupt" | "reorder" | "jitter";

/** One direction of a cable: from the sender's transmit ring to the receiver's port. */
export class Direction implements Wire {
  readonly #name: string;
  readonly #sender: Port;
  readonly #receiver: Port;
  readonly #ring: TransmitRing;
  readonly #serialiser = new Serialiser();
  readonly #inOrder: ArrivalQueue;
  readonly #overtaking: OvertakingFrames;
  readonly #dropCut = (frame: Frame): void => this.#sender.drop(frame, "carrier");
  readonly #tellCarrier = (up: number): void => this.#sender.tellCarrier(up === 1);
  #settings: LinkSettings;
  #lossModel: LossModel | undefined;
  readonly #streams = new Map<Model, RandomStream>();
  /** -0: a double from the start, as all times. */
  #lastArrival = -0;
  #sinceReordered = 0;
  #isUp = true;

  /** @param name Prefix of the names of the random streams. */
  constructor(name: string, sender: Port, receiver: Port, settings: LinkSettings) {
    this.#name = name;
    this.#sender = sender;
    this.#receiver = receiver;
    this.#settings = settings;
    this.#ring = new TransmitRing(sender, settings.ring);
    const deliver = (frame: Frame): void => this.#receiver.deliver(frame);
    this.#inOrder = new ArrivalQueue(sender.simulator, deliver);
    this.#overtaking = new OvertakingFrames(sender.simulator, deliver);
    this.#lossModel = createLossModel(settings.loss);
    this.#serialiser.setRate(settings.rate, settings.overhead);
  }

  get rate(): number {
    return this.#settings.rate;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** The settings for the frames that follow. */
  apply(settings: LinkSettings): void {
    if (settings.loss !== this.#settings.loss) this.#lossModel = createLossModel(settings.loss);
    this.#settings = settings;
    this.#ring.setLength(settings.ring);
    this.#serialiser.setRate(settings.rate, settings.overhead);
  }

  admits(): boolean {
    return this.#ring.admits();
  }

  transmit(frame: Frame): void {
    if (this.#isOversize(frame)) {
      this.#sender.drop(frame, "oversize");
      return;
    }
    const { stats, simulator } = this.#sender;
    const left = this.#serialiser.append(simulator.now, frame.length);
    this.#ring.add(left);
    stats.txPackets++;
    stats.txBytes += frame.length;
    if (this.#lossModel?.isLost(this.#stream("loss")) === true) {
      this.#sender.drop(frame, "loss");
      return;
    }
    const { duplicate } = this.#settings;
    if (duplicate > 0 && this.#stream("duplicate").bernoulli(duplicate)) {
      stats.duplicated++;
      const second = frame.clone();
      this.#launch(frame, left);
      this.#launch(second, left);
    } else {
      this.#launch(frame, left);
    }
  }

  /** Cuts the direction or mends it, and tells the sender. */
  setUp(up: boolean): void {
    const { simulator, context } = this.#sender;
    this.#isUp = up;
    simulator.scheduleWithContext(context, NOW, this.#tellCarrier, up ? 1 : 0);
    if (up) return;
    this.#inOrder.clear(this.#dropCut);
    this.#overtaking.clear(this.#dropCut);
    this.#serialiser.reset();
    this.#lastArrival = 0;
    this.#ring.clear();
  }

  /** Releases what is under way at the end of a simulation, without counting it. */
  discard(): void {
    this.#inOrder.clear(release);
    this.#overtaking.clear(release);
  }

  /** Sends one copy on its way; it has left the sender at the instant `left`. */
  #launch(frame: Frame, left: number): void {
    const { corrupt, jitter, jitterReorders, reorder } = this.#settings;
    let carried = frame;
    if (corrupt > 0 && this.#stream("corrupt").bernoulli(corrupt)) {
      this.#sender.stats.corrupted++;
      carried = flipOneBit(frame, this.#stream("corrupt"));
    }
    const isChosen = reorder > 0 && this.#isChosenToOvertake(reorder);
    const at = left + (isChosen ? this.#settings.reorderDelay : this.#propagation());
    const isTaken =
      reorder > 0 || (jitter > 0 && jitterReorders)
        ? this.#launchOvertaking(carried, at)
        : this.#launchInOrder(carried, at);
    if (!isTaken) this.#sender.drop(carried, "overflow");
  }

  #launchInOrder(frame: Frame, at: number): boolean {
    if (at > this.#lastArrival) this.#lastArrival = at;
    this.#inOrder.context = this.#receiver.context;
    return this.#inOrder.push(frame, this.#lastArrival);
  }

  #launchOvertaking(frame: Frame, at: number): boolean {
    if (at > this.#lastArrival) this.#lastArrival = at;
    this.#overtaking.context = this.#receiver.context;
    return this.#overtaking.push(frame, at);
  }

  /** The rule of `netem_enqueue`: `gap - 1` frames take the normal way, then chance decides. */
  #isChosenToOvertake(probability: number): boolean {
    const mayBeChosen = this.#sinceReordered >= this.#settings.reorderGap - 1;
    if (mayBeChosen && this.#stream("reorder").bernoulli(probability)) {
      this.#sinceReordered = 0;
      this.#sender.stats.reordered++;
      return true;
    }
    this.#sinceReordered++;
    return false;
  }

  /** Propagation delay of this frame in ns, never negative. */
  #propagation(): number {
    const { delay, jitter, jitterIsNormal } = this.#settings;
    if (jitter === 0) return delay;
    const stream = this.#stream("jitter");
    const varied = jitterIsNormal
      ? stream.normal(delay, jitter)
      : stream.uniform(delay - jitter, delay + jitter);
    return Math.max(0, Math.round(varied));
  }

  #isOversize(frame: Frame): boolean {
    const { mtu } = this.#settings;
    const { length, offset } = frame;
    if (mtu === 0 || length <= mtu + ETHERNET_HEADER_LENGTH) return length > FRAME_LENGTH_MAX;
    const isTagged = frame.view.getUint16(offset + ETHER_TYPE) === ETH_P_8021Q;
    return !isTagged || length > mtu + ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH;
  }

  #stream(model: Model): RandomStream {
    let stream = this.#streams.get(model);
    if (stream === undefined) {
      stream = this.#sender.simulator.random(`${this.#name}:${model}`);
      this.#streams.set(model, stream);
    }
    return stream;
  }
}

function release(frame: Frame): void {
  frame.release();
}
