import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mirrorOf, parseMirrors } from "../../build/apt-archive.ts";
import { compareNumbers, findSource } from "../../build/kernel-source.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dcejs-linux-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// As `apt-get update --print-uris` prints it.
const LISTING = `'http://mirror.example/debian/dists/bookworm/InRelease' mirror_bookworm_InRelease 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror_Packages 0
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' mirror_security 0
'http://other.example/tools/dists/stable/InRelease' other_InRelease 0
`;

const MIRRORS = parseMirrors(LISTING);

test("the machine's mirrors are read from what apt would fetch", () => {
  expect(MIRRORS).toEqual([
    { base: "http://mirror.example/debian", suite: "bookworm" },
    { base: "http://mirror.example/debian-security", suite: "bookworm-security" },
    { base: "http://other.example/tools", suite: "stable" },
  ]);
});

test("a suite that the machine has not configured is looked for on its mirror", () => {
  expect(mirrorOf("bookworm-security", MIRRORS)).toBe("http://mirror.example/debian-security");
  expect(mirrorOf("trixie-backports", MIRRORS)).toBe("http://mirror.example/debian");
  expect(mirrorOf("trixie-security", MIRRORS)).toBe("http://mirror.example/debian-security");
});

test("without a configured security archive it is the one beside the main archive", () => {
  expect(mirrorOf("bookworm-security", MIRRORS.slice(0, 1))).toBe(
    "http://mirror.example/debian-security",
  );
});

test("a machine whose apt knows no Debian is told so", () => {
  expect(() => mirrorOf("bookworm", MIRRORS.slice(2))).toThrow("no Debian mirror");
});

test("versions are ordered by their numbers", () => {
  const versions = ["6.12.117-1~deb12u1", "6.12.95-1~deb12u1", "6.12.100-2", "6.12.100-1"];
  expect(versions.toSorted(compareNumbers)).toEqual([
    "6.12.95-1~deb12u1",
    "6.12.100-1",
    "6.12.100-2",
    "6.12.117-1~deb12u1",
  ]);
});

test("the newest downloaded source is taken, with its checksum", async () => {
  const sources = join(folder, "sources");
  mkdirSync(sources);
  for (const version of ["5.9.1-1", "5.9.10-1", "5.9.2-1"]) {
    writeFileSync(join(sources, `linux-source-5.9_${version}.tar.xz`), version);
  }
  writeFileSync(join(sources, "linux-source-5.9_5.9.11-1.tar.xz.123.tmp"), "half");
  const release = { name: "5.9", sourcePackage: "linux-source-5.9", suites: [] };
  const source = await findSource(release, folder);
  expect(source?.version).toBe("5.9.10-1");
  expect(source?.sha256).toBe("a3bbb699aeba069b59f79779c0d10dc8d30ad3c6ce5bb21c616b430d0020059e");
});

test("a source that is nowhere is not found", async () => {
  const release = { name: "5.8", sourcePackage: "linux-source-5.8", suites: [] };
  expect(await findSource(release, join(folder, "none"))).toBeUndefined();
});
