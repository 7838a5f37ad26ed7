import type { Profile } from "./release.ts";

/** A finished kernel. */
export interface Kernel {
  readonly wasm: Uint8Array;
  readonly manifest: KernelManifest;
}

/** What kernels/linux-<release>-<profile>.json says about the .wasm beside it. */
export interface KernelManifest {
  /** As `uname -r` says it: 6.12.117. */
  readonly version: string;
  /** As in `--release`: 6.12. */
  readonly release: string;
  readonly profile: Profile;
  readonly source: { readonly package: string; readonly version: string; readonly sha256: string };
  readonly compiler: string;
  /** Of the .wasm. */
  readonly sha256: string;
  /** Bytes of the .wasm. */
  readonly size: number;
  /** Hash of our own files that the kernel is made of. */
  readonly inputs: string;
  /** Changes to Linux's own files. */
  readonly patches: readonly { readonly file: string; readonly subject: string }[];
  readonly config: {
    /** Options that are built in, without CONFIG_. */
    readonly builtIn: readonly string[];
    /** Options that other releases have and this one has not. */
    readonly absent: readonly string[];
  };
}
