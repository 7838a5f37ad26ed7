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

/** One build of real Linux as a kind of kernel. Its templates boot once in a process. */
class LinuxProvider implements KernelProvider {
  readonly name: string;
  readonly #linux: LinuxPackage;
  readonly #image: LinuxImage;
  readonly #shared = new SharedLinux();
  readonly #templates = new Map<string, Template>();

  constructor(linux: LinuxPackage, image: LinuxImage) {
    this.name = image.name;
    this.#linux = linux;
    this.#image = image;
  }

  async prepare(): Promise<void> {
    for (const template of this.#templates.values()) {
      template.booting ??= this.#boot(template);
      // oxlint-disable-next-line eslint/no-await-in-loop -- one template after the other
      await template.booting;
    }
  }

  create(host: KernelHost): KernelInstance {
    const { commandLine } = host;
    const { memory = host.sharesKernel ? SHARED_MEMORY_DEFAULT : MEMORY_DEFAULT } = host;
    const key = `${memory} ${commandLine}`;
    const template = this.#templates.get(key) ?? new Template(memory, commandLine);
    this.#templates.set(key, template);
    const kind = {
      linux: this.#linux,
      name: this.name,
      module: this.#image.module,
      makeStacks: () => this.#linux.makeStacks(),
      snapshot: () => this.#snapshotOf(template),
    };
    return new LinuxKernelInstance(kind, host, host.sharesKernel ? this.#shared : undefined);
  }

  async #boot(template: Template): Promise<void> {
    const linux = this.#linux;
    const options = {
      module: this.#image.module,
      stacks: linux.makeStacks(),
      name: this.name,
      memory: template.memory,
    };
    template.snapshot = await bootTemplate(linux, options, template.commandLine);
  }

  #snapshotOf({ snapshot }: Template): Snapshot {
    if (snapshot !== undefined) return snapshot;
    throw new ScenarioError(`kernel "${this.name}" was not prepared`);
  }
}

/** A kernel that is to boot, boots or has booted: one for each size of memory and each command line. */
class Template {
  readonly memory: number;
  readonly commandLine: string;
  booting: Promise<void> | undefined = undefined;
  snapshot: Snapshot | undefined = undefined;

  constructor(memory: number, commandLine: string) {
    this.memory = memory;
    this.commandLine = commandLine;
  }
}

/** One for each kernel that is built; none where `@dcejs/linux` is not installed. */
export async function linuxProviders(): Promise<KernelProvider[]> {
  const linux = await loadLinuxPackage();
  if (linux === undefined) return [];
  return linux.linuxImages().map((image) => new LinuxProvider(linux, image));
}
