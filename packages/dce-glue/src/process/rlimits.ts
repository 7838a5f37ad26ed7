import { Errno } from "@dcejs/lkl-kernel";
import type { FdTable } from "../fd/fd-table.ts";
import { NOFILE_DEFAULT, NOFILE_MAX } from "../fd/limits.ts";

export const RLIMIT_CPU = 0;
export const RLIMIT_FSIZE = 1;
export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_CORE = 4;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIM_INFINITY: number = Infinity;
const RESOURCE_COUNT = 16;

export interface Rlimit {
  readonly soft: number;
  readonly hard: number;
}

/** Limits of one process. RLIMIT_NOFILE is enforced; the others are kept and given back. */
export class Rlimits {
  readonly #limits = new Map<number, Rlimit>([
    [RLIMIT_NOFILE, { soft: NOFILE_DEFAULT, hard: NOFILE_MAX }],
    [RLIMIT_CORE, { soft: 0, hard: RLIM_INFINITY }],
    [RLIMIT_STACK, { soft: 8_388_608, hard: RLIM_INFINITY }],
  ]);
  readonly #files: FdTable;

  constructor(files: FdTable) {
    this.#files = files;
  }

  get(resource: number): Rlimit | number {
    if (resource < 0 || resource >= RESOURCE_COUNT) return -Errno.EINVAL;
    return this.#limits.get(resource) ?? { soft: RLIM_INFINITY, hard: RLIM_INFINITY };
  }

  /** @returns 0, -EINVAL, -EPERM: only root raises a hard limit. */
  set(resource: number, limit: Rlimit, isRoot: boolean): number {
    const old = this.get(resource);
    if (typeof old === "number") return old;
    if (limit.soft > limit.hard) return -Errno.EINVAL;
    if (limit.hard > old.hard && !isRoot) return -Errno.EPERM;
    if (resource === RLIMIT_NOFILE) {
      if (limit.hard > NOFILE_MAX) return -Errno.EPERM;
      this.#files.limit = limit.soft;
    }
    this.#limits.set(resource, limit);
    return 0;
  }

  copyTo(child: Rlimits): void {
    for (const [resource, limit] of this.#limits) child.set(resource, limit, true);
  }
}
