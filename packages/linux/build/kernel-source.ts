import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { AptArchive } from "./apt-archive.ts";
import { BuildError } from "./build-error.ts";
import { runCommand } from "./command.ts";
import type { Release } from "./release.ts";

/** The source of a release as Debian ships it. */
export interface KernelSource {
  readonly packageName: string;
  /** Debian's version, such as 6.12.117-1~deb12u1. */
  readonly version: string;
  /** A .tar.xz. */
  readonly tarball: string;
  readonly sha256: string;
}

/** Where a linux-source package installs its tarball. */
const INSTALLED = "/usr/src";

/**
 * Finds the source of a release on this machine, the installed package or what an earlier build downloaded, whichever
 * is newer. Touches no network.
 */
export async function findSource(
  release: Release,
  cacheFolder: string,
): Promise<KernelSource | undefined> {
  const installed = await installedSource(release);
  const downloaded = await downloadedSource(release, cacheFolder);
  if (installed === undefined || downloaded === undefined) return installed ?? downloaded;
  return compareNumbers(downloaded.version, installed.version) > 0 ? downloaded : installed;
}

/**
 * Gets the newest source of a release from Debian's archive, unless it is the one that is at hand.
 * @throws BuildError when the archive does not have it.
 */
export async function fetchSource(release: Release, cacheFolder: string): Promise<KernelSource> {
  const archive = await AptArchive.open(cacheFolder, release.suites);
  try {
    const version = await archive.candidate(release.sourcePackage);
    if (version === undefined) {
      const suites = release.suites.join(", ");
      throw new BuildError(`${release.sourcePackage} is in none of Debian's suites ${suites}`);
    }
    const atHand = await findSource(release, cacheFolder);
    if (atHand?.version === version) return atHand;
    const deb = await archive.download(release.sourcePackage, version);
    return await keepTarball(release, version, deb, cacheFolder);
  } finally {
    await archive.close();
  }
}

async function installedSource(release: Release): Promise<KernelSource | undefined> {
  const tarball = join(INSTALLED, `${release.sourcePackage}.tar.xz`);
  if (!existsSync(tarball)) return undefined;
  const query = ["-W", "-f", "${db:Status-Status} ${Version}", release.sourcePackage];
  const answer = await runCommand("dpkg-query", query).catch(() => "");
  const version = /^installed (\S+)$/.exec(answer)?.[1];
  return version === undefined ? undefined : describe(release, version, tarball);
}

async function downloadedSource(
  release: Release,
  cacheFolder: string,
): Promise<KernelSource | undefined> {
  const folder = join(cacheFolder, "sources");
  if (!existsSync(folder)) return undefined;
  const prefix = `${release.sourcePackage}_`;
  const versions = (await readdir(folder))
    .filter((name) => name.startsWith(prefix) && name.endsWith(".tar.xz"))
    .map((name) => name.slice(prefix.length, -".tar.xz".length));
  const newest = versions.toSorted(compareNumbers).at(-1);
  if (newest === undefined) return undefined;
  return describe(release, newest, join(folder, `${prefix}${newest}.tar.xz`));
}

/** Takes the tarball out of a package and drops the tarballs of older versions. */
async function keepTarball(
  release: Release,
  version: string,
  deb: string,
  cacheFolder: string,
): Promise<KernelSource> {
  const folder = join(cacheFolder, "sources");
  await mkdir(folder, { recursive: true });
  const name = `${release.sourcePackage}_${version}.tar.xz`;
  const unpacked = `${deb}.d`;
  await runCommand("dpkg-deb", ["-x", deb, unpacked]);
  const member = join(unpacked, INSTALLED, `${release.sourcePackage}.tar.xz`);
  await rename(member, join(folder, name));
  for (const other of await readdir(folder)) {
    if (other.startsWith(`${release.sourcePackage}_`) && other !== name) {
      await rm(join(folder, other), { force: true });
    }
  }
  return describe(release, version, join(folder, name));
}

async function describe(release: Release, version: string, tarball: string): Promise<KernelSource> {
  return {
    packageName: release.sourcePackage,
    version,
    tarball,
    sha256: await hashFile(tarball),
  };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

/** Orders versions of one release by their numbers: 6.12.117-1~deb12u1 after 6.12.95-1~deb12u1. */
export function compareNumbers(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Parts of Linux that no kernel of ours is made of; their Kconfig files stay, since others name them. */
const UNUSED_FOLDERS = [
  "Documentation",
  "arch",
  "drivers/accel",
  "drivers/accessibility",
  "drivers/acpi",
  "drivers/ata",
  "drivers/clk",
  "drivers/comedi",
  "drivers/crypto",
  "drivers/edac",
  "drivers/gpio",
  "drivers/gpu",
  "drivers/hid",
  "drivers/hwmon",
  "drivers/i2c",
  "drivers/iio",
  "drivers/infiniband",
  "drivers/input",
  "drivers/isdn",
  "drivers/leds",
  "drivers/md",
  "drivers/media",
  "drivers/memory",
  "drivers/message",
  "drivers/mfd",
  "drivers/misc",
  "drivers/mmc",
  "drivers/mtd",
  "drivers/net/can",
  "drivers/net/dsa",
  "drivers/net/ethernet",
  "drivers/net/wireless",
  "drivers/nvme",
  "drivers/pci",
  "drivers/phy",
  "drivers/pinctrl",
  "drivers/platform",
  "drivers/power",
  "drivers/regulator",
  "drivers/scsi",
  "drivers/soc",
  "drivers/spi",
  "drivers/staging",
  "drivers/target",
  "drivers/thermal",
  "drivers/tty",
  "drivers/usb",
  "drivers/video",
  "samples",
  "sound",
  "tools/arch",
  "tools/perf",
  "tools/testing",
] as const;

/** Unpacks a source into a folder that must not exist; leaves out what no kernel of ours is made of. */
export async function unpackSource(
  source: KernelSource,
  folder: string,
  logFile: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const top = source.packageName;
  const excludes = UNUSED_FOLDERS.flatMap((path) =>
    ["*.c", "*.h", "*.S", "*.dts", "*.dtsi", "*.rst", "*.yaml", "*.txt", "*.json", "*.svg"].map(
      (files) => `--exclude=${top}/${path}/${files}`,
    ),
  );
  const args = ["--extract", "--file", source.tarball, "--use-compress-program", "xz -T0"];
  args.push("--directory", folder, "--strip-components=1", "--no-same-owner");
  await runCommand("tar", [...args, "--anchored", "--wildcards", ...excludes], { logFile });
}
