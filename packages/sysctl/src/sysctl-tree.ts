import type { SysctlEntry, SysctlType, SysctlUnit } from "./sysctl-entry.ts";
import type { SysctlError } from "./sysctl-error.ts";

/** Who asks. Without it the caller is the kernel's owner, uid 0. */
export interface SysctlCredentials {
  readonly uid: number;
  readonly gid?: number;
  /** CAP_NET_ADMIN gives root's permission bits below `net/` (`net_ctl_permissions`). */
  readonly hasNetAdmin?: boolean;
}
/** A stable handle of a number, for hot paths: one property read. */
export interface SysctlInt {
  readonly value: number;
}
/** A stable handle of a vector. */
export interface SysctlIntVector {
  readonly values: readonly number[];
}
/** A stable handle of a string. */
export interface SysctlString {
  readonly text: string;
}
/** What `describe` tells. */
export interface SysctlDescription {
  readonly path: string;
  readonly type: SysctlType;
  readonly length: number;
  readonly value: string;
  readonly default: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly choices: readonly string[] | undefined;
  readonly mode: number;
  readonly unit: SysctlUnit | undefined;
  readonly description: string;
}
export type SysctlListener = (path: string, value: string) => void;

export interface SysctlTreeOptions {
  readonly hz?: number;
}

/** One node's parameters. */
export class SysctlTree {
  constructor(_options: SysctlTreeOptions = {}) {}
  define(_entry: SysctlEntry): void {
    throw new Error("not built yet");
  }
  has(_path: string): boolean {
    throw new Error("not built yet");
  }
  get(_path: string): string {
    throw new Error("not built yet");
  }
  read(_path: string, _cred?: SysctlCredentials): string | number {
    throw new Error("not built yet");
  }
  set(_path: string, _value: string | number, _cred?: SysctlCredentials): number {
    throw new Error("not built yet");
  }
  setOrThrow(_path: string, _value: string | number, _cred?: SysctlCredentials): void {
    throw new Error("not built yet");
  }
  /** A write by the kernel itself: mode bits do not count, everything else does. */
  assign(_path: string, _value: string | number): number {
    throw new Error("not built yet");
  }
  list(_prefix?: string): string[] {
    throw new Error("not built yet");
  }
  describe(_path: string): SysctlDescription {
    throw new Error("not built yet");
  }
  int(_path: string): SysctlInt {
    throw new Error("not built yet");
  }
  intvec(_path: string): SysctlIntVector {
    throw new Error("not built yet");
  }
  string(_path: string): SysctlString {
    throw new Error("not built yet");
  }
  subscribe(_path: string, _listener: SysctlListener): () => void {
    throw new Error("not built yet");
  }
  queue(_path: string, _value: string | number): void {
    throw new Error("not built yet");
  }
  flushQueue(): SysctlError[] {
    throw new Error("not built yet");
  }
  format(_prefix?: string): string {
    throw new Error("not built yet");
  }
  applyConf(_text: string): SysctlError[] {
    throw new Error("not built yet");
  }
  registerDevice(_name: string): void {
    throw new Error("not built yet");
  }
  unregisterDevice(_name: string): void {
    throw new Error("not built yet");
  }
  /** An address was given to the device: from now on changes of `default` no longer reach it (`ipv4_devconf_setall`). */
  pinDevice(_name: string): void {
    throw new Error("not built yet");
  }
}

export function createLinuxSysctlTree(_options: SysctlTreeOptions = {}): SysctlTree {
  throw new Error("not built yet");
}
