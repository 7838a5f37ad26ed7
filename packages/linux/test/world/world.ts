import { createHash } from "node:crypto";
import { EventQueue } from "./event-queue.ts";
import { Node, type NodeOptions } from "./node.ts";

/** Kernels, cables and programs in virtual time. */
export class World {
  readonly events: EventQueue = new EventQueue();
  readonly nodes: Node[] = [];
  frames = 0;
  /** Of times, frames and results, when it is wanted. */
  readonly #hash: ReturnType<typeof createHash> | undefined;

  constructor(isHashed = true) {
    this.#hash = isHashed ? createHash("sha256") : undefined;
  }

  /** Boots a kernel, or begins one as a copy. */
  async node(options: NodeOptions): Promise<Node> {
    const node = new Node(this, options);
    this.nodes.push(node);
    if (options.snapshot === undefined) await node.boot();
    return node;
  }

  /** Until that time, ns. */
  async runTo(end: number): Promise<void> {
    await this.events.run(end);
  }

  /** Until all programs have ended, or until that time. */
  async runPrograms(end: number = Infinity): Promise<void> {
    await this.events.run(end, () => this.nodes.every((node) => node.running === 0));
  }

  /** A frame goes onto a cable. */
  frame(bytes: Uint8Array): void {
    this.frames++;
    this.#hash?.update(`frame ${this.events.now} `).update(bytes);
  }

  /** A system call is over. */
  completed(nr: number, result: number): void {
    this.#hash?.update(`call ${this.events.now} ${nr} ${result};`);
  }

  digest(): string {
    return this.#hash?.copy().digest("hex") ?? "";
  }

  destroy(): void {
    for (const node of this.nodes) node.kernel.destroy();
  }
}
