import type { LinuxImage, Snapshot } from "@dcejs/linux";
import { ScenarioError } from "../../scenario/scenario-error.ts";
import type { KernelHost, KernelInstance, KernelProvider } from "../kernel-provider.ts";
import { LinuxKernelInstance } from "./linux-kernel-instance.ts";
import { type LinuxPackage, loadLinuxPackage } from "./linux-package.ts";
import { bootTemplate } from "./linux-template.ts";

/** Octets of memory of a node's kernel: enough for the buffers of a few busy connections. */
const MEMORY = 16 * 1024 * 1024;

/** One build of real Linux as a kind of kernel. Its template boots once in a process. */
class LinuxProvider implements KernelProvider {
  readonly name: string;
  readonly #linux: LinuxPackage;
  readonly #image: LinuxImage;
  #snapshot: Snapshot | undefined;
  #preparing: Promise<void> | undefined;

  constructor(linux: LinuxPackage, image: LinuxImage) {
    this.name = image.name;
    this.#linux = linux;
    this.#image = image;
  }

  prepare(): Promise<void> {
    this.#preparing ??= this.#bootTemplate();
    return this.#preparing;
  }

  create(host: KernelHost): KernelInstance {
    const kind = {
      linux: this.#linux,
      name: this.name,
      module: this.#image.module,
      makeStacks: () => this.#linux.makeStacks(),
      snapshot: () => this.#template(),
    };
    return new LinuxKernelInstance(kind, host);
  }

  async #bootTemplate(): Promise<void> {
    const linux = this.#linux;
    this.#snapshot = await bootTemplate(linux, {
      module: this.#image.module,
      stacks: linux.makeStacks(),
      name: this.name,
      memory: MEMORY,
    });
  }

  #template(): Snapshot {
    if (this.#snapshot !== undefined) return this.#snapshot;
    throw new ScenarioError(`kernel "${this.name}" was not prepared`);
  }
}

/** One for each kernel that is built; none where `@dcejs/linux` is not installed. */
export async function linuxProviders(): Promise<KernelProvider[]> {
  const linux = await loadLinuxPackage();
  if (linux === undefined) return [];
  return (linux.linuxImages?.() ?? []).map((image) => new LinuxProvider(linux, image));
}
