/**
 * The same calls in the same order as on Linux 6.18, where path-results-linux-6.18.json was recorded
 * by root in an empty folder: each must give the same errno.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Posix } from "../../src/posix/posix.ts";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram } from "../process/test-host.ts";

type Argument = string | number;
type Row = [call: string, args: Argument[], result: string];

const text = readFileSync(new URL("path-results-linux-6.18.json", import.meta.url), "utf8");
const rows: Row[] = JSON.parse(text);

const CALLS: Readonly<Record<string, (posix: Posix, a: string, b: Argument) => unknown>> = {
  stat: (posix, a) => posix.stat(a),
  lstat: (posix, a) => posix.lstat(a),
  readlink: (posix, a) => posix.readlink(a),
  readdir: (posix, a) => posix.readdir(a),
  open: async (posix, a, b) => posix.close(await posix.open(a, Number(b), 0o644)),
  mkdir: (posix, a) => posix.mkdir(a),
  chdir: async (posix, a) => {
    await posix.chdir(a);
    await posix.chdir("/t");
  },
  truncate: (posix, a, b) => posix.truncate(a, Number(b)),
  rmdir: (posix, a) => posix.rmdir(a),
  unlink: (posix, a) => posix.unlink(a),
  rename: (posix, a, b) => posix.rename(a, String(b)),
  link: (posix, a, b) => posix.link(a, String(b)),
  symlink: (posix, a, b) => posix.symlink(a, String(b)),
};

async function prepare(posix: Posix): Promise<void> {
  await posix.mkdir("/t");
  await posix.chdir("/t");
  await posix.mkdir("d");
  await posix.mkdir("d/e");
  for (const path of ["f", "d/g"]) {
    await posix.close(await posix.open(path, linux.O_CREAT | linux.O_WRONLY, 0o644));
  }
  const links = [
    ["f", "lf"],
    ["d", "ld"],
    ["none", "dang"],
    ["loop", "loop"],
    ["f/", "lfs"],
  ] as const;
  for (const [target, path] of links) await posix.symlink(target, path);
}

test("653 calls on odd paths fail and succeed as on Linux", async () => {
  expect(rows).toHaveLength(653);
  const ours: Row[] = [];
  await inProgram(async (posix) => {
    await prepare(posix);
    for (const [call, args] of rows) {
      const [a = "", b = ""] = args;
      const error = await errorOf(() => CALLS[call]?.(posix, String(a), b));
      ours.push([call, args, error === "" ? "ok" : error]);
    }
  });
  expect(ours).toEqual(rows);
});
