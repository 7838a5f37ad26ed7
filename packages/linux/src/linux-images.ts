import { LinuxNotBuiltError } from "./errors.ts";
import { LinuxImage, type LinuxImageDescription } from "./linux-image.ts";
import { nodeModule } from "./node-modules.ts";

/** From src/ and from dist/ alike. */
const KERNELS = "../kernels/";

/** By file and hash, so that each is compiled once in a process. */
const images = new Map<string, LinuxImage>();

/**
 * The kernels that were built, by release and profile. Where there are no files, as in a browser, there are none:
 * make a {@link LinuxImage} of what you have fetched.
 * @param folder where they are, @default kernels/ of this package
 */
export function linuxImages(folder: string | undefined = ownFolder()): LinuxImage[] {
  const fs = nodeModule("node:fs");
  if (fs === undefined || folder === undefined || !fs.existsSync(folder)) return [];
  const found: LinuxImage[] = [];
  for (const file of fs.readdirSync(folder)) {
    if (!file.endsWith(".json")) continue;
    const description = parseDescription(fs.readFileSync(`${folder}/${file}`, "utf8"));
    const wasm = `${folder}/${file.slice(0, -".json".length)}.wasm`;
    if (description === undefined || !fs.existsSync(wasm)) continue;
    const key = `${description.sha256} ${wasm}`;
    let image = images.get(key);
    if (image === undefined) {
      image = new LinuxImage(description, () => fs.readFileSync(wasm));
      images.set(key, image);
    }
    found.push(image);
  }
  return found.toSorted(byRelease);
}

/**
 * @param name "linux-6.12", "linux-6.12-full"
 * @throws {LinuxNotBuiltError} it is not there
 */
export function linuxImage(name: string, folder?: string): LinuxImage {
  const built = linuxImages(folder);
  const found = built.find((image) => image.name === name);
  if (found !== undefined) return found;
  throw new LinuxNotBuiltError(
    name,
    built.map((image) => image.name),
  );
}

function ownFolder(): string | undefined {
  const url = new URL(KERNELS, import.meta.url);
  return nodeModule("node:url")?.fileURLToPath(url);
}

/** @returns undefined for a file that is something else */
function parseDescription(json: string): LinuxImageDescription | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isDescription(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDescription(value: unknown): value is LinuxImageDescription {
  const names = ["release", "profile", "version", "sha256"];
  return (
    typeof value === "object" &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === "string")
  );
}

function byRelease(a: LinuxImage, b: LinuxImage): number {
  const ours = a.release.split(".").map(Number);
  const theirs = b.release.split(".").map(Number);
  for (let part = 0; part < Math.max(ours.length, theirs.length); part++) {
    const difference = (ours[part] ?? 0) - (theirs[part] ?? 0);
    if (difference !== 0) return difference;
  }
  // "net" before "full": the smaller one first.
  return a.profile > b.profile ? -1 : 1;
}
