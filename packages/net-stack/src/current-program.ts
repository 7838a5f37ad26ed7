/** `current` as the network sees it: the program whose system call is served. */
import type { LklKernel } from "@dcejs/lkl-kernel";
import type { NetStack } from "./net-stack.ts";

/** Asked in the middle of system calls; whoever embeds the stack may give its own. */
export interface CurrentProgram {
  /** current_euid(); 0 where no program calls. */
  readonly euid: number;
  /** current_egid(). */
  readonly egid: number;
  /** send_sig(signal, current, 0). */
  send_sig(signal: number): void;
}

/** The kernel's own current task, which nobody sends signals to. */
export class CurrentTask implements CurrentProgram {
  readonly #kernel: LklKernel;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  get euid(): number {
    return this.#kernel.current.cred.euid;
  }

  get egid(): number {
    return this.#kernel.current.cred.egid;
  }

  send_sig(_signal: number): void {}
}

/** Numbers of include/uapi/linux/capability.h. */
export const CAP_NET_BIND_SERVICE = 10;
export const CAP_NET_ADMIN = 12;
export const CAP_NET_RAW = 13;

export type Capability = typeof CAP_NET_BIND_SERVICE | typeof CAP_NET_ADMIN | typeof CAP_NET_RAW;

/** Root has all capabilities, and others have none. */
export function ns_capable(net: NetStack, _capability: Capability): boolean {
  return net.current.euid === 0;
}
