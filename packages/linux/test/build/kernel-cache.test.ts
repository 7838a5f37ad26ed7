import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Kernel } from "../../build/kernel.ts";
import { hashOwnFiles, KernelCache, sha256, writeKernel } from "../../build/kernel-cache.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dcejs-linux-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function port(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const hash = (arch: string): string => hashOwnFiles("6.12", "net", arch);
const FILES = { "wasm/Kconfig": "config WASM\n", "wasm/kernel/setup.c": "int a;\n" };

test("the hash depends on names and contents, not on place, time or order of creation", () => {
  const first = port("first", FILES);
  const second = port("second", Object.fromEntries(Object.entries(FILES).toReversed()));
  utimesSync(join(second, "wasm/Kconfig"), 1, 1);
  expect(hash(second)).toBe(hash(first));
});

test("a changed byte, another name or a further file change the hash", () => {
  const original = hash(port("original", FILES));
  const changed = [
    hash(port("byte", { ...FILES, "wasm/kernel/setup.c": "int b;\n" })),
    hash(port("name", { "wasm/Kconfig": "config WASM\n", "wasm/kernel/start.c": "int a;\n" })),
    hash(port("more", { ...FILES, "wasm/kernel/empty.c": "" })),
  ];
  expect(new Set([original, ...changed]).size).toBe(4);
});

test("documentation does not change the hash; release and profile do", () => {
  const plain = port("plain", FILES);
  expect(hash(port("documented", { ...FILES, "wasm/README.md": "how\n" }))).toBe(hash(plain));
  expect(hashOwnFiles("6.1", "net", plain)).not.toBe(hash(plain));
  expect(hashOwnFiles("6.12", "full", plain)).not.toBe(hash(plain));
});

function kernel(text: string, source = "s1", compiler = "clang 19.1"): Kernel {
  const wasm = Buffer.from(text);
  return {
    wasm,
    manifest: {
      version: "6.12.1",
      release: "6.12",
      profile: "net",
      source: { package: "linux-source-6.12", version: "6.12.1-1", sha256: source },
      compiler,
      sha256: sha256(wasm),
      size: wasm.length,
      inputs: "abc",
      patches: [],
      config: { builtIn: [], absent: [] },
    },
  };
}

async function found(
  cache: KernelCache,
  sourceSha256: string | undefined,
  compiler: string | undefined,
  ours = "abc",
): Promise<string | undefined> {
  const result = await cache.find({ ours, sourceSha256, compiler });
  return result === undefined ? undefined : Buffer.from(result.wasm).toString();
}

test("a kernel is found by our files, the source and the compiler it was made of", async () => {
  const cache = new KernelCache(folder);
  expect(await found(cache, "s1", "clang 19.1")).toBeUndefined();
  await cache.add(kernel("one"));
  await cache.add(kernel("two", "s2"));
  await cache.add(kernel("three", "s1", "clang 19.2"));
  expect(await found(cache, "s1", "clang 19.1")).toBe("one");
  expect(await found(cache, "s2", "clang 19.1")).toBe("two");
  expect(await found(cache, "s1", "clang 19.2")).toBe("three");
  expect(await found(cache, "s2", "clang 19.2")).toBeUndefined();
  expect(await found(cache, "s1", "clang 19.1", "other")).toBeUndefined();
});

test("a machine without compiler and source gets a kernel that was made of our files", async () => {
  const cache = new KernelCache(folder);
  await cache.add(kernel("one"));
  expect(await found(cache, undefined, undefined)).toBe("one");
  expect(await found(cache, undefined, "clang 20")).toBeUndefined();
});

test("a damaged kernel is not taken", async () => {
  const cache = new KernelCache(folder);
  await cache.add(kernel("one"));
  const [json = "", wasm = ""] = readdirSync(join(folder, "kernels")).toSorted();
  writeFileSync(join(folder, "kernels", wasm), "on");
  expect(await found(cache, "s1", "clang 19.1")).toBeUndefined();
  writeFileSync(join(folder, "kernels", json), "{");
  expect(await found(cache, "s1", "clang 19.1")).toBeUndefined();
});

test("builds that end at the same time leave one whole kernel and nothing else", async () => {
  const cache = new KernelCache(folder);
  await Promise.all(Array.from({ length: 8 }, () => cache.add(kernel("same"))));
  expect(readdirSync(join(folder, "kernels"))).toHaveLength(2);
  expect(await found(cache, "s1", "clang 19.1")).toBe("same");
});

test("the cache keeps its bound and drops what was not used for the longest time", async () => {
  const cache = new KernelCache(folder);
  for (let index = 0; index < 45; index++) {
    await cache.add(kernel(`k${index}`, `s${index}`));
    for (const entry of readdirSync(join(folder, "kernels"))) {
      const path = join(folder, "kernels", entry);
      if (index === 0) utimesSync(path, 1, 1);
    }
  }
  expect(readdirSync(join(folder, "kernels"))).toHaveLength(80);
  expect(await found(cache, "s0", undefined)).toBeUndefined();
  expect(await found(cache, "s44", undefined)).toBe("k44");
});

test("an installed kernel is a .wasm and a .json that tells of it", async () => {
  const out = join(folder, "kernels-out");
  await writeKernel(kernel("one"), out, "linux-6.12-net");
  await writeKernel(kernel("two"), out, "linux-6.12-net");
  expect(readdirSync(out).toSorted()).toEqual(["linux-6.12-net.json", "linux-6.12-net.wasm"]);
});
