import type { LinuxKernel, LinuxKernelOptions, Snapshot } from "@dcejs/linux";
import { LinuxCalls } from "./linux-calls.ts";
import { LinuxFiles } from "./linux-files.ts";
import type { LinuxPackage } from "./linux-package.ts";
import { NR } from "./linux-syscall-numbers.ts";

const AT_FDCWD = -100;
const RLIMIT_NOFILE = 7;
/** fs.nr_open */
const DESCRIPTORS_MAX = 1_048_576;
/** No devices that nobody asked for. */
const COMMAND_LINE =
  "loglevel=7 panic=-1 fb_tunnels=none dummy.numdummies=0 ifb.numifbs=0 bonding.max_bonds=0";
/** The template boots so long before virtual time 0, and is at rest at 0. */
const BOOT_AT = -900_000_000;

/**
 * What a server's Linux has, and what a kernel that derives it from a few megabytes of memory would not: the limits of
 * buffers decide the window scale in every SYN.
 */
const SERVER_SYSCTLS: readonly (readonly [string, string])[] = [
  ["net/ipv4/tcp_rmem", "4096 131072 6291456"],
  ["net/ipv4/tcp_wmem", "4096 16384 4194304"],
  ["user/max_net_namespaces", "65536"],
  ["user/max_uts_namespaces", "65536"],
  ["kernel/threads-max", "32768"],
];

/**
 * A kernel that has booted, with /proc and /sys mounted and a server's parameters, as memory: the kernel of each node
 * begins as a copy of it.
 * @param commandLine what comes after our own parameters, and so wins over them
 * @throws {LinuxStoppedError} it does not boot
 */
export async function bootTemplate(
  linux: LinuxPackage,
  options: Pick<LinuxKernelOptions, "module" | "name" | "memory" | "stacks">,
  commandLine: string,
): Promise<Snapshot> {
  const machine = new TemplateMachine();
  const kernel = new linux.LinuxKernel({
    ...options,
    now: () => machine.now,
    // A template's randomness is nobody's: each copy is seeded anew.
    random: () => 0x9e37_79b9,
    wantsRun: () => {
      machine.wantsRun = true;
    },
    wantsTimer: (at) => {
      machine.timerAt = at;
    },
  });
  await kernel.boot(`${COMMAND_LINE} ${commandLine}`.trim());
  mountFilesystems(linux, kernel);
  await machine.runUntil(kernel, 0);
  const snapshot = kernel.snapshot();
  kernel.destroy();
  return snapshot;
}

/** A host with a clock and one timer. */
class TemplateMachine {
  now = BOOT_AT;
  timerAt = Infinity;
  wantsRun = false;

  async runUntil(kernel: LinuxKernel, end: number): Promise<void> {
    for (;;) {
      if (this.wantsRun) {
        this.wantsRun = false;
        // oxlint-disable-next-line eslint/no-await-in-loop -- one thing after the other is the point
        await kernel.run();
      } else if (this.timerAt <= end) {
        this.now = Math.max(this.now, this.timerAt);
        this.timerAt = Infinity;
        kernel.timer();
      } else {
        this.now = end;
        return;
      }
    }
  }
}

function mountFilesystems(linux: LinuxPackage, kernel: LinuxKernel): void {
  const calls = new LinuxCalls({
    kernel,
    blocked: linux.BLOCKED,
    currentTask: () => undefined,
    manager: undefined,
  });
  for (const [type, path] of [
    ["proc", "/proc"],
    ["sysfs", "/sys"],
  ] as const) {
    const text = `${path}\0${type}\0`;
    const room = calls.service.data(text.length);
    kernel.machine.u8.set(new TextEncoder().encode(text), room);
    calls.serve(NR.mkdirat, AT_FDCWD, room, 0o555);
    const mounted = calls.serve(
      NR.mount,
      room + path.length + 1,
      room,
      room + path.length + 1,
      0,
      0,
    );
    if (mounted < 0) throw new Error(`${kernel.name}: mount ${path}: ${mounted}`);
  }
  // Each node's programs have limits of their own; all their sockets are descriptors of pid 1.
  const limit = calls.service.data(16);
  kernel.machine.u32.set([DESCRIPTORS_MAX, 0, DESCRIPTORS_MAX, 0], limit >>> 2);
  calls.serve(NR.prlimit64, 0, RLIMIT_NOFILE, limit, 0);
  const files = new LinuxFiles(() => calls);
  for (const [path, value] of SERVER_SYSCTLS) files.write(`/proc/sys/${path}`, value);
  calls.service.free();
}
