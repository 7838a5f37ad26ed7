import type { LinuxImage, Snapshot } from "@dcejs/linux";
import { ScenarioError } from "../../scenario/scenario-error.ts";
import type { KernelHost, KernelInstance, KernelProvider } from "../kernel-provider.ts";
import { LinuxKernelInstance } from "./linux-kernel-instance.ts";
import { type LinuxPackage, loadLinuxPackage } from "./linux-package.ts";
import { SharedLinux } from "./linux-runtime.ts";
import { bootTemplate } from "./linux-template.ts";

/** Octets of memory of a node's kernel, unless the node says: enough for the buffers of a few busy connections. */
const MEMORY_DEFAULT = 16 * 1024 * 1024;
/** The same for one that nodes share: some hundred of them. What is not used costs next to nothing. */
const SHARED_MEMORY_DEFAULT = 256 * 1024 * 1024;

/** One build of real Linux as a kind of kernel. A template of each size of memory boots once in a process. */
class LinuxProvider implements KernelProvider {
  readonly name: string;
  readonly #linux: LinuxPackage;
  readonly #image: LinuxImage;
  readonly #shared = new SharedLinux();
  readonly #wanted = new Set<number>();
  readonly #booting = new Map<number, Promise<void>>();
  readonly #templates = new Map<number, Snapshot>();

  constructor(linux: LinuxPackage, image: LinuxImage) {
    this.name = image.name;
    this.#linux = linux;
    this.#image = image;
  }

  async prepare(): Promise<void> {
    for (const memory of this.#wanted) {
      const booting = this.#booting.get(memory) ?? this.#bootTemplate(memory);
      this.#booting.set(memory, booting);
      // oxlint-disable-next-line eslint/no-await-in-loop -- one template after the other
      await booting;
    }
  }

  create(host: KernelHost): KernelInstance {
    const { memory = host.sharesKernel ? SHARED_MEMORY_DEFAULT : MEMORY_DEFAULT } = host;
    this.#wanted.add(memory);
    const kind = {
      linux: this.#linux,
      name: this.name,
      module: this.#image.module,
      makeStacks: () => this.#linux.makeStacks(),
      snapshot: () => this.#template(memory),
    };
    return new LinuxKernelInstance(kind, host, host.sharesKernel ? this.#shared : undefined);
  }

  async #bootTemplate(memory: number): Promise<void> {
    const linux = this.#linux;
    const snapshot = await bootTemplate(linux, {
      module: this.#image.module,
      stacks: linux.makeStacks(),
      name: this.name,
      memory,
    });
    this.#templates.set(memory, snapshot);
  }

  #template(memory: number): Snapshot {
    const template = this.#templates.get(memory);
    if (template !== undefined) return template;
    throw new ScenarioError(`kernel "${this.name}" was not prepared`);
  }
}

/** One for each kernel that is built; none where `@dcejs/linux` is not installed. */
export async function linuxProviders(): Promise<KernelProvider[]> {
  const linux = await loadLinuxPackage();
  if (linux === undefined) return [];
  return linux.linuxImages().map((image) => new LinuxProvider(linux, image));
}
