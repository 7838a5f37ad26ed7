/** What arch/wasm exports. Pointers and sizes are octets in linear memory. */
export interface KernelExports {
  readonly __stack_pointer: WebAssembly.Global;
  wasm_machine_address(): number;
  wasm_command_line_address(): number;
  readonly wasm_boot_entry: (stackTop: number, unused: number) => void;
  readonly wasm_thread_entry: (stackTop: number, task: number) => void;
  readonly wasm_thread_reentry: (stackTop: number, task: number) => void;
  readonly wasm_call_entry: (stackTop: number, hostTask: number) => void;
  wasm_cpu_next(): number;
  wasm_cpu_become(task: number): number;
  wasm_cpu_is_busy(): number;
  wasm_idle_again(): number;
  wasm_init_stack_top(): number;
  wasm_interface(): number;
  wasm_irq(mask: number): number;
  wasm_host0(): number;
  wasm_host_task_interrupt(hostTask: number): void;
  wasm_room(size: number): number;
  wasm_free(room: number): void;
  wasm_memory_free(): number;
  wasm_sock_poll(fd: number, events: number, cookie: number): number;
  wasm_sock_poll_free(poll: number): void;
  wasm_net_room(card: number, length: number): number;
  wasm_net_receive(card: number, csumStart: number, csumOffset: number): number;
  wasm_net_wake(card: number): number;
  wasm_net_carrier(card: number, isOn: number): number;
  wasm_net_stats(card: number): number;
}

/** What arch/wasm/include/asm/host.h imports from module "host". */
export interface HostImports {
  print(text: number, length: number): void;
  halt(why: number): void;
  trace(): void;
  xmit(card: number, data: number, length: number, csumStart: number, csumOffset: number): number;
  lo_frame(
    cookie: number,
    data: number,
    length: number,
    csumStart: number,
    csumOffset: number,
  ): void;
  dev_changed(card: number, what: number, value: number): void;
  poll_event(cookie: number, mask: number): void;
}

const NAMES = [
  "wasm_boot_entry",
  "wasm_call_entry",
  "wasm_command_line_address",
  "wasm_cpu_become",
  "wasm_cpu_is_busy",
  "wasm_cpu_next",
  "wasm_free",
  "wasm_host0",
  "wasm_host_task_interrupt",
  "wasm_idle_again",
  "wasm_init_stack_top",
  "wasm_interface",
  "wasm_irq",
  "wasm_machine_address",
  "wasm_memory_free",
  "wasm_net_carrier",
  "wasm_net_receive",
  "wasm_net_room",
  "wasm_net_stats",
  "wasm_net_wake",
  "wasm_room",
  "wasm_sock_poll",
  "wasm_sock_poll_free",
  "wasm_thread_entry",
  "wasm_thread_reentry",
] as const satisfies readonly (keyof KernelExports)[];

/** HOST_INTERFACE of arch/wasm/include/asm/host.h. */
const INTERFACE = 2;

/** @throws {TypeError} the module is no kernel of this port, or of another version of it */
export function kernelExports(exports: WebAssembly.Exports): KernelExports {
  const missing = NAMES.filter((name) => typeof exports[name] !== "function");
  if (missing.length > 0) {
    throw new TypeError(
      `the kernel does not export ${missing.join(", ")}: build it again (npm run linux)`,
    );
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all members were looked for
  const kernel = exports as unknown as KernelExports;
  const version = kernel.wasm_interface();
  if (version === INTERFACE) return kernel;
  throw new TypeError(
    `the kernel is of interface ${version}, and this loader of ${INTERFACE}: build it again (npm run linux)`,
  );
}
