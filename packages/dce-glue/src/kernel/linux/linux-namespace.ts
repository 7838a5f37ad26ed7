import type { HostTask, LinuxKernel } from "@dcejs/linux";
import { NR } from "./linux-syscall-numbers.ts";

const CLONE_NEWUTS = 0x0400_0000;
const CLONE_NEWNET = 0x4000_0000;
const NODE_NAME_MAX = 64;

const encoder = new TextEncoder();

/**
 * A network namespace of a kernel that several nodes share: a task of the kernel's lives in it and serves the node as
 * pid 1 serves a node that has a kernel of its own. The node's other tasks are its children.
 */
export class LinuxNamespace {
  readonly service: HostTask;
  readonly #kernel: LinuxKernel;

  /** @throws {Error} the kernel has no memory for another one */
  constructor(kernel: LinuxKernel, nodeName: string) {
    this.#kernel = kernel;
    const service = kernel.newTask(true);
    if (typeof service === "number") {
      throw new Error(`${kernel.name}: no task for a namespace: ${service}`);
    }
    this.service = service;
    this.#call(NR.unshare, CLONE_NEWNET | CLONE_NEWUTS);
    const name = encoder.encode(nodeName).subarray(0, NODE_NAME_MAX);
    const room = kernel.room(NODE_NAME_MAX);
    kernel.machine.u8.set(name, room);
    this.#call(NR.sethostname, room, name.length);
    kernel.free(room);
  }

  /** A task for a thread of this node. @returns undefined: the kernel has no memory for it */
  newTask(): HostTask | undefined {
    const { service } = this;
    if (this.#kernel.isOver || service.isInCall) return undefined;
    const task = this.#kernel.newTask(false, service);
    return typeof task === "number" ? undefined : task;
  }

  /**
   * Nobody of this node is in a call any more: the kernel takes the namespace away, when its last socket is closed.
   * @param later called from inside the kernel's run, with what is to be done after it
   */
  end(later: (action: () => void) => void): void {
    const { service } = this;
    const exit = (): void => this.#kernel.exitTask(service);
    service.onDone = () => later(exit);
    if (!service.isInCall) exit();
  }

  #call(nr: number, a: number, b = 0): void {
    const result = this.#kernel.sys(this.service, nr, a, b);
    if (result >= 0) return;
    throw new Error(`${this.#kernel.name}: a namespace cannot be made: call ${nr}: ${result}`);
  }
}
