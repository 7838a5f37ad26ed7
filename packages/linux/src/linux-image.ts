/** What is known of a kernel that was built: see build/kernel.ts, which writes it. */
export interface LinuxImageDescription {
  /** The line of Linux: "6.12". */
  readonly release: string;
  /** "net", or "full": with MPTCP, SCTP, netfilter, tc, tunnels… */
  readonly profile: string;
  /** As uname -r says it: "6.12.117". */
  readonly version: string;
  /** Of the wasm. */
  readonly sha256: string;
}

/** A kernel that was built. It is compiled once, when it is used first. */
export class LinuxImage implements LinuxImageDescription {
  /** "linux-6.12" in profile net, "linux-6.12-full" in profile full. */
  readonly name: string;
  readonly release: string;
  readonly profile: string;
  readonly version: string;
  readonly sha256: string;
  readonly #read: () => BufferSource;
  #module: WebAssembly.Module | undefined;

  /** @param read the wasm; called once, before the kernel is compiled */
  constructor(description: LinuxImageDescription, read: () => BufferSource) {
    this.name = linuxImageName(description.release, description.profile);
    this.release = description.release;
    this.profile = description.profile;
    this.version = description.version;
    this.sha256 = description.sha256;
    this.#read = read;
  }

  /** @throws {Error} its file has gone, or is no kernel */
  get module(): WebAssembly.Module {
    this.#module ??= new WebAssembly.Module(this.#read());
    return this.#module;
  }
}

export function linuxImageName(release: string, profile: string): string {
  return profile === "net" ? `linux-${release}` : `linux-${release}-${profile}`;
}
