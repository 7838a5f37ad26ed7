import type { HostTask, LinuxKernel } from "@dcejs/linux";
import { NR } from "./linux-syscall-numbers.ts";

const CLONE_NEWUTS = 0x0400_0000;
const CLONE_NEWNET = 0x4000_0000;
const AT_FDCWD = -100;
const O_RDONLY = 0;
const ROOM = 128;

const encoder = new TextEncoder();

/**
 * A network namespace of a kernel that several nodes share: a task of the kernel's lives in it and serves the node as
 * pid 1 serves a node that has a kernel of its own. The node's other tasks join it.
 */
export class LinuxNamespace {
  readonly service: HostTask;
  readonly #kernel: LinuxKernel;
  /** Descriptor of the namespace. */
  readonly #fd: number;

  /** @throws {Error} the kernel has no memory for another one */
  constructor(kernel: LinuxKernel, nodeName: string) {
    this.#kernel = kernel;
    this.service = this.#serviceTask();
    this.#call(this.service, NR.unshare, CLONE_NEWNET | CLONE_NEWUTS);
    const room = kernel.room(ROOM);
    this.#put(room, nodeName);
    this.#call(this.service, NR.sethostname, room, nodeName.length);
    this.#put(room, "/proc/thread-self/ns/net");
    this.#fd = this.#call(this.service, NR.openat, AT_FDCWD, room, O_RDONLY);
    kernel.free(room);
  }

  /** A task for a thread of this node. @returns undefined: the kernel has no memory for it */
  newTask(): HostTask | undefined {
    const kernel = this.#kernel;
    if (kernel.isOver || kernel.host0.isInCall) return undefined;
    const task = kernel.newTask(false);
    if (typeof task === "number") return undefined;
    if (kernel.sys(task, NR.setns, this.#fd, CLONE_NEWNET) === 0) return task;
    if (!task.isInCall) kernel.exitTask(task);
    return undefined;
  }

  /**
   * Nobody of this node is in a call any more: the kernel takes the namespace away, when its last socket is closed.
   * @param later called from inside the kernel's run, with what is to be done after it
   */
  end(later: (action: () => void) => void): void {
    const { service } = this;
    const exit = (): void => this.#kernel.exitTask(service);
    service.onDone = () => later(exit);
    this.#kernel.sys(service, NR.close, this.#fd);
    if (!service.isInCall) exit();
  }

  #serviceTask(): HostTask {
    const task = this.#kernel.newTask(true);
    if (typeof task !== "number") return task;
    throw new Error(`${this.#kernel.name}: no task for a namespace: ${task}`);
  }

  #put(room: number, text: string): void {
    const { u8 } = this.#kernel.machine;
    u8.fill(0, room, room + ROOM);
    u8.set(encoder.encode(text).subarray(0, ROOM - 1), room);
  }

  #call(task: HostTask, nr: number, a: number, b = 0, c = 0): number {
    const result = this.#kernel.sys(task, nr, a, b, c);
    if (result >= 0) return result;
    throw new Error(`${this.#kernel.name}: a namespace cannot be made: call ${nr}: ${result}`);
  }
}
