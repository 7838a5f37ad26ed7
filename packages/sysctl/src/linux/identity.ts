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

/** __NEW_UTS_LEN + 1 */
const UTS = { maxLength: 65 };
const UTS_READ_ONLY = { ...UTS, ...READ_ONLY };

/** kernel.ostype (kernel/utsname_sysctl.c) and what kernel.random.* has in common (drivers/char/random.c). */
const SAME_EVERYWHERE: readonly SysctlEntry[] = [
  string("kernel.ostype", "Linux", "Name of the operating system.", UTS_READ_ONLY),
  int("kernel.random.entropy_avail", 256, "Entropy in the pool, in bits.", READ_ONLY),
  int("kernel.random.poolsize", 256, "Size of the entropy pool, in bits.", READ_ONLY),
  int("kernel.random.urandom_min_reseed_secs", 60, "Without effect; kept for old programs.", {
    unit: "s",
  }),
  int("kernel.random.write_wakeup_threshold", 256, "Without effect; kept for old programs."),
];

/** The parameters that tell one node from another. */
export class Identity {
  readonly #options: IdentityOptions;
  #random: (() => number) | undefined = undefined;
  #bootId = "";

  constructor(options: IdentityOptions) {
    this.#options = options;
    // A stream of the caller's gives the boot id at boot, whether or not anybody will read it.
    if (options.random !== undefined) this.#boot(options.random);
  }

  /** This node's entry for a key; undefined for all keys that are not of its identity. */
  entry(key: string): SysctlEntry | undefined {
    const { hostname = "localhost", domainname = "(none)" } = this.#options;
    const { osrelease = "6.12.0", version = "#1 dcejs" } = this.#options;
    switch (key) {
      case "kernel/hostname":
        return string("kernel.hostname", hostname, "Name of this host.", UTS);
      case "kernel/domainname":
        return string("kernel.domainname", domainname, "NIS domain of this host.", UTS);
      case "kernel/osrelease":
        return string("kernel.osrelease", osrelease, "Release of the kernel.", UTS_READ_ONLY);
      case "kernel/version":
        return string("kernel.version", version, "Build of the kernel.", UTS_READ_ONLY);
      case "kernel/random/boot_id":
        return this.#bootIdEntry();
      case "kernel/random/uuid":
        return this.#uuidEntry();
      default:
        return undefined;
    }
  }

  #bootIdEntry(): SysctlEntry {
    this.#random ??= this.#boot(countingSequence());
    const description = "A UUID that is new at each boot.";
    return string("kernel.random.boot_id", this.#bootId, description, READ_ONLY);
  }

  #uuidEntry(): SysctlEntry {
    const random = this.#random ?? this.#boot(countingSequence());
    return string("kernel.random.uuid", this.#bootId, "A new random UUID at each read.", {
      ...READ_ONLY,
      read: () => uuid(random),
    });
  }

  #boot(random: () => number): () => number {
    this.#random = random;
    this.#bootId = uuid(random);
    return random;
  }
}

/** kernel.hostname and its neighbours, as they are on a node that says nothing about itself. */
export function defaultIdentity(): readonly SysctlEntry[] {
  const identity = new Identity({});
  const own = OWN_KEYS.map((key) => identity.entry(key)).filter((entry) => entry !== undefined);
  return [...own, ...SAME_EVERYWHERE];
}

const OWN_KEYS = [
  "kernel/hostname",
  "kernel/domainname",
  "kernel/osrelease",
  "kernel/version",
  "kernel/random/boot_id",
  "kernel/random/uuid",
] as const;

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
