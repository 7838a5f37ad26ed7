import { UsageError } from "./build-error.ts";

/** A line of Linux that Debian maintains and we build. */
export interface Release {
  /** As in `linux-source-6.12`. */
  readonly name: string;
  readonly sourcePackage: string;
  /** The suites of Debian's archive that may hold the package; apt takes the newest version. */
  readonly suites: readonly string[];
}

export const RELEASES: readonly Release[] = [
  release("6.1", ["bookworm", "bookworm-security"]),
  release("6.12", ["bookworm", "bookworm-security"]),
  release("7.3", ["trixie-backports"]),
];

/** How much of Linux is in a kernel: a fragment of config/ has the name. */
export const PROFILES = ["net", "full"] as const;
export type Profile = (typeof PROFILES)[number];

export const DEFAULT_RELEASE = "6.12";
export const DEFAULT_PROFILE: Profile = "net";

function release(name: string, suites: readonly string[]): Release {
  return { name, sourcePackage: `linux-source-${name}`, suites };
}

/** @throws UsageError when we build no such release. */
export function releaseNamed(name: string): Release {
  const found = RELEASES.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const known = RELEASES.map((candidate) => candidate.name).join(", ");
  throw new UsageError(`there is no release "${name}" (there are ${known})`);
}

/** @throws UsageError when there is no such profile. */
export function profileNamed(name: string): Profile {
  const found = PROFILES.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  throw new UsageError(`there is no profile "${name}" (there are ${PROFILES.join(", ")})`);
}
