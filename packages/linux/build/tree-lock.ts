import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";

/**
 * Runs `work` while nobody else uses a kept tree.
 * @throws BuildError when another build does.
 */
export async function withTreeLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = `${folder}.lock`;
  if (!(await take(lock))) {
    const owner = Number(await readFile(lock, "utf8").catch(() => "0"));
    if (isAlive(owner)) throw new BuildError(`process ${owner} builds in ${folder}`);
    await rm(lock, { force: true });
    if (!(await take(lock))) throw new BuildError(`another process builds in ${folder}`);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** How long after its build died a file is surely nobody's: another machine may share the cache. */
const ABANDONED_AFTER_MS = 6 * 3600 * 1000;

/** The name of a tree or a log that goes when its build ends. */
export function temporaryName(kernel: string): string {
  return `${kernel}-${process.pid}`;
}

/** Removes the trees of builds that were killed, and the logs of those that failed, some hours later. */
export async function removeAbandoned(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = Number(/-(\d+)(?:\.log)?$/.exec(name)?.[1]);
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || nowMs - status.mtimeMs < ABANDONED_AFTER_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
