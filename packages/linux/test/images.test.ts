import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { LinuxImage, LinuxNotBuiltError, linuxImage, linuxImages } from "../src/index.ts";

/** The smallest module. */
const EMPTY_MODULE = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const folders: string[] = [];

function folderWith(...kernels: (readonly [string, string])[]): string {
  const folder = mkdtempSync(join(tmpdir(), "kernels-"));
  folders.push(folder);
  for (const [release, profile] of kernels) {
    const description = { release, profile, version: `${release}.1`, sha256: release + profile };
    const file = join(folder, `linux-${release}-${profile}`);
    writeFileSync(`${file}.json`, JSON.stringify(description));
    writeFileSync(`${file}.wasm`, EMPTY_MODULE);
  }
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe("the kernels in a folder", () => {
  test("are named by release, and by profile where it is not net", () => {
    const folder = folderWith(["7.3", "net"], ["6.12", "full"], ["6.12", "net"], ["6.1", "net"]);
    const names = linuxImages(folder).map((image) => image.name);
    expect(names).toEqual(["linux-6.1", "linux-6.12", "linux-6.12-full", "linux-7.3"]);
  });

  test("are compiled once, however often they are asked for", () => {
    const folder = folderWith(["6.12", "net"]);
    const { module } = linuxImage("linux-6.12", folder);
    expect(module).toBeInstanceOf(WebAssembly.Module);
    expect(linuxImage("linux-6.12", folder).module).toBe(module);
  });

  test("say which Linux they are", () => {
    const folder = folderWith(["6.12", "net"]);
    expect(linuxImage("linux-6.12", folder)).toMatchObject({
      release: "6.12",
      profile: "net",
      version: "6.12.1",
      sha256: "6.12net",
    });
  });

  test("are none where the folder is missing, and other files do no harm", () => {
    expect(linuxImages("/nowhere")).toEqual([]);
    const folder = folderWith(["6.12", "net"]);
    writeFileSync(join(folder, "broken.json"), "{");
    writeFileSync(join(folder, "other.json"), "[]");
    writeFileSync(join(folder, "alone.json"), JSON.stringify({ release: "1", profile: "net" }));
    expect(linuxImages(folder)).toHaveLength(1);
  });
});

describe("a kernel that is not built", () => {
  test.each([
    ["linux-6.12", 'run "npm run linux -- --release 6.12"'],
    ["linux-7.3-full", 'run "npm run linux -- --release 7.3 --profile full"'],
    ["minix", 'names are like "linux-6.12" and "linux-6.12-full"'],
  ])("%s is told in one line that says what to do", (name, advice) => {
    const folder = folderWith(["6.1", "net"]);
    const ask = (): LinuxImage => linuxImage(name, folder);
    expect(ask).toThrow(LinuxNotBuiltError);
    expect(ask).toThrow(`${name} is not built: ${advice}; built here: linux-6.1`);
  });
});

test("an image is made of octets where there are no files", () => {
  let reads = 0;
  const image = new LinuxImage(
    { release: "6.12", profile: "full", version: "6.12.1", sha256: "" },
    () => {
      reads++;
      return EMPTY_MODULE;
    },
  );
  expect(image.name).toBe("linux-6.12-full");
  expect([image.module, image.module]).toEqual([image.module, image.module]);
  expect(reads).toBe(1);
});
