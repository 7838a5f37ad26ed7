import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import { runCommand } from "./command.ts";

/** Debian's own keys, from the package debian-archive-keyring that each Debian has. */
const DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Debian's archive seen through an apt of our own: it has its own list of sources, its own lists and its own cache,
 * so that it may look into suites that the machine is not configured for, needs no root, and changes nothing. Mirror,
 * proxies and credentials are those of the machine's apt.
 */
export class AptArchive {
  readonly #folder: string;
  readonly #options: readonly string[];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#options = [
      `Dir::Etc::sourcelist=${join(folder, "sources.list")}`,
      "Dir::Etc::sourceparts=/dev/null",
      "Dir::Etc::preferences=/dev/null",
      "Dir::Etc::preferencesparts=/dev/null",
      `Dir::State::lists=${join(folder, "lists")}`,
      `Dir::Cache=${join(folder, "cache")}`,
      "Acquire::Languages=none",
      // Unsigned or wrongly signed suites are refused, whatever the machine's apt says.
      "Acquire::AllowInsecureRepositories=false",
      "Acquire::AllowDowngradeToInsecureRepositories=false",
      "APT::Get::AllowUnauthenticated=false",
      "APT::Update::Error-Mode=any",
      // The folder is ours, not that of apt's own unprivileged user; nobody else's hooks are run.
      "APT::Sandbox::User=root",
      "APT::Update::Post-Invoke=",
      "APT::Update::Post-Invoke-Success=",
    ].flatMap((option) => ["-o", option]);
  }

  /** Opens suites of the archive: writes the list of sources and fetches the signed lists of packages. */
  static async open(cacheFolder: string, suites: readonly string[]): Promise<AptArchive> {
    const mirrors = await configuredMirrors();
    const root = join(cacheFolder, "apt");
    await mkdir(root, { recursive: true });
    const folder = await mkdtemp(join(root, "archive-"));
    const archive = new AptArchive(folder);
    for (const part of ["lists/partial", "cache/archives/partial"]) {
      await mkdir(join(folder, part), { recursive: true });
    }
    const signed = existsSync(DEBIAN_KEYRING) ? `[signed-by=${DEBIAN_KEYRING}] ` : "";
    const sources = suites.map(
      (suite) => `deb ${signed}${mirrorOf(suite, mirrors)} ${suite} main\n`,
    );
    await writeFile(join(folder, "sources.list"), sources.join(""));
    await runCommand("apt-get", [...archive.#options, "update"]);
    return archive;
  }

  /** The newest version of a package in the suites, or undefined. */
  async candidate(packageName: string): Promise<string | undefined> {
    const policy = await runCommand("apt-cache", [...this.#options, "policy", packageName]);
    const version = /^ {2}Candidate: (\S+)$/m.exec(policy)?.[1];
    return version === "(none)" ? undefined : version;
  }

  /** Downloads a package; apt compares its checksum with the signed list. Returns the path of the .deb. */
  async download(packageName: string, version: string): Promise<string> {
    const args = [...this.#options, "download", `${packageName}=${version}`];
    await runCommand("apt-get", args, { cwd: this.#folder });
    const file = (await readdir(this.#folder)).find((name) => name.endsWith(".deb"));
    if (file === undefined) throw new BuildError(`apt-get downloaded no ${packageName}`);
    const kept = join(this.#folder, "package.deb");
    await rename(join(this.#folder, file), kept);
    return kept;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Mirror {
  readonly base: string;
  readonly suite: string;
}

/** What the machine's apt would fetch: `'scheme://mirror/path/dists/suite/InRelease' name 0`. */
async function configuredMirrors(): Promise<Mirror[]> {
  const listing = await runCommand("apt-get", ["update", "--print-uris"]);
  return parseMirrors(listing);
}

export function parseMirrors(listing: string): Mirror[] {
  const found = [...listing.matchAll(/^'(\S+?)\/dists\/(\S+?)\/InRelease'/gm)];
  return found.flatMap(([, base, suite]) =>
    base === undefined || suite === undefined ? [] : [{ base, suite }],
  );
}

/**
 * Where a suite is found. Security updates have an archive of their own, beside the main one on every mirror.
 * @throws BuildError when the machine's apt is configured with no Debian.
 */
export function mirrorOf(suite: string, mirrors: readonly Mirror[]): string {
  const configured = mirrors.find((mirror) => mirror.suite === suite);
  if (configured !== undefined) return configured.base;
  const wantsSecurity = isSecurity(suite);
  const debians = mirrors.filter((mirror) => /\/debian(-security)?$/.test(mirror.base));
  const alike = debians.find((mirror) => isSecurity(mirror.suite) === wantsSecurity);
  if (alike !== undefined) return alike.base;
  const [main] = debians;
  if (main !== undefined) return `${main.base}-security`;
  throw new BuildError(
    "the sources of Linux come from Debian, and apt is configured with no Debian mirror",
  );
}

function isSecurity(suite: string): boolean {
  return suite.endsWith("-security");
}
