import type { SysctlEntry } from "../sysctl-entry.ts";
import { int, READ_ONLY, string } from "./entry-shorthand.ts";

/** What tells one node from another. */
export interface IdentityOptions {
  /** kernel.hostname. @default "localhost" */
  readonly hostname?: string;
  /** kernel.domainname. @default "(none)" */
  readonly domainname?: string;
  /** kernel.osrelease. @default "6.12.0" */
  readonly osrelease?: string;
  /** kernel.version. @default "#1 dcejs" */
  readonly version?: string;
  /** Source of kernel.random.*: gives unsigned 32-bit numbers. @default a fixed sequence */
  readonly random?: () => number;
}

/** kernel.hostname and its neighbours (kernel/utsname_sysctl.c), and kernel.random.* (drivers/char/random.c). */
export function identity(options: IdentityOptions): readonly SysctlEntry[] {
  const random = options.random ?? countingSequence();
  const bootId = uuid(random);
  const uts = { maxLength: UTS_LENGTH };
  return [
    string("kernel.hostname", options.hostname ?? "localhost", "Name of this host.", uts),
    string("kernel.domainname", options.domainname ?? "(none)", "NIS domain of this host.", uts),
    string("kernel.ostype", "Linux", "Name of the operating system.", { ...uts, ...READ_ONLY }),
    string("kernel.osrelease", options.osrelease ?? "6.12.0", "Release of the kernel.", {
      ...uts,
      ...READ_ONLY,
    }),
    string("kernel.version", options.version ?? "#1 dcejs", "Build of the kernel.", {
      ...uts,
      ...READ_ONLY,
    }),
    string("kernel.random.boot_id", bootId, "A UUID that is new at each boot.", READ_ONLY),
    string("kernel.random.uuid", bootId, "A new random UUID at each read.", {
      ...READ_ONLY,
      read: () => uuid(random),
    }),
    int("kernel.random.entropy_avail", 256, "Entropy in the pool, in bits.", READ_ONLY),
    int("kernel.random.poolsize", 256, "Size of the entropy pool, in bits.", READ_ONLY),
    int("kernel.random.urandom_min_reseed_secs", 60, "Without effect; kept for old programs.", {
      unit: "s",
    }),
    int("kernel.random.write_wakeup_threshold", 256, "Without effect; kept for old programs."),
  ];
}

/** __NEW_UTS_LEN + 1 */
const UTS_LENGTH = 65;

/** A version 4 UUID (RFC 9562). */
function uuid(random: () => number): string {
  const words = Array.from({ length: 4 }, () => (random() >>> 0).toString(16).padStart(8, "0"));
  const hex = words.join("");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20),
  ].join("-");
}

/** Reproducible and never the same twice; a simulation hands in its own seeded stream. */
function countingSequence(): () => number {
  let state = 0;
  return () => {
    state = (state + 0x9e_37_79_b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 16), 0x85_eb_ca_6b);
    return (mixed ^ (mixed >>> 13)) >>> 0;
  };
}
