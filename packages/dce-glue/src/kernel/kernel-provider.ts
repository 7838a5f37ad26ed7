import type { RandomStream, Simulator, TaskManager } from "@dcejs/core-sched";
import { ScenarioError } from "../scenario/scenario-error.ts";
import type { DceHandle } from "./dce-handle.ts";
import { emulatedKernelProvider } from "./emulated/emulated-kernel.ts";
import type { KernelHandle } from "./kernel-handle.ts";
import type { DceKernel } from "./kernel-objects.ts";
import { linuxProviders } from "./linux/linux-provider.ts";
import type { SimHostOperations } from "./sim-host-ops.ts";

/** What a provider gets to make a kernel for one node. */
export interface KernelHost {
  readonly simulator: Simulator;
  /** The node's tasks: kernel threads run here too. */
  readonly taskManager: TaskManager;
  /** The 42 host operations over that TaskManager. */
  readonly hostOps: SimHostOperations;
  readonly nodeId: number;
  readonly nodeName: string;
  /** The kernel's own stream of random numbers. */
  readonly random: RandomStream;
  /** Nanoseconds since 1970 at virtual time 0. */
  readonly wallClockBase: number;
  /** Parameters for the command line ("loglevel=8"). */
  readonly commandLine: string;
  /** Octets of memory, for a kernel that has a memory of its own. */
  readonly memory: number | undefined;
  /** The node may be one of several in one kernel, where the kind of kernel can do that. */
  readonly sharesKernel: boolean;
}

/** Fills `handle` with the kernel's functions and remembers the simulator's. */
export type SimInit = (
  handle: Partial<KernelHandle>,
  imported: DceHandle,
  kernel: DceKernel,
) => void;

/** One kernel: a class instance, or a wasm instance with its own memory. Nothing about it is global. */
export interface KernelInstance {
  /** Like DCE's `sim_init`: does not boot; `handle.setup_kernel()` does, from a task. */
  readonly sim_init: SimInit;
  /** Frees what it holds without running it again; the simulation is over. */
  destroy(): void;
  /** Packet buffers that are not back in the kernel's pool. */
  readonly livePackets: number;
  /** What the kernel has found wrong with itself and survived, in the order of time; of a shared kernel one node tells. */
  readonly warnings?: readonly KernelWarning[];
}

/** A warning of a kernel's own: WARN_ON(), a lockup, a task that does not go on. */
export interface KernelWarning {
  /** Virtual time, ns; below 0: when it booted. */
  readonly at: number;
  /** Its place in the kernel's source, or what the kernel says: "net/ipv4/tcp_input.c:3362". */
  readonly what: string;
}

/** A kind of kernel that a scenario may name. */
export interface KernelProvider {
  readonly name: string;
  /** Awaited when all kernels of a run are created and before one boots: code is compiled, a template is made. */
  prepare?(): Promise<void>;
  create(host: KernelHost): KernelInstance;
}

const providers = new Map<string, KernelProvider>([
  [emulatedKernelProvider.name, emulatedKernelProvider],
]);

/** Makes a kernel known under its name. A second provider of the same name replaces the first. */
export function registerKernelProvider(provider: KernelProvider): void {
  providers.set(provider.name, provider);
}

let loading: Promise<void> | undefined;

/** Finds the kernels that are not part of this package: real Linux, where it is installed and built. */
export function loadKernelProviders(): Promise<void> {
  loading ??= addLinuxProviders();
  return loading;
}

async function addLinuxProviders(): Promise<void> {
  for (const provider of await linuxProviders()) {
    if (!providers.has(provider.name)) providers.set(provider.name, provider);
  }
}

/** @throws {ScenarioError} no such kernel; the message lists the names there are */
export function kernelProvider(name: string): KernelProvider {
  const provider = providers.get(name);
  if (provider !== undefined) return provider;
  const known = kernelProviderNames().join(", ");
  throw new ScenarioError(
    /^linux-(6\.1|6\.12|7\.3)(-full)?$/.test(name)
      ? `kernel "${name}" is not here: install @dcejs/linux, or build it with "npm run linux"; there is: ${known}`
      : `unknown kernel "${name}"; there is: ${known}`,
  );
}

export function kernelProviderNames(): string[] {
  return [...providers.keys()].toSorted();
}
