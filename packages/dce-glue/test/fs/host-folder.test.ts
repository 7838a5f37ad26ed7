import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileAccess } from "../../src/fs/file-access.ts";
import { exportTo, importHostFile, importHostFolder } from "../../src/fs/host-folder.ts";
import { TestHost } from "../process/test-host.ts";
import { testFileSystem } from "./test-file-system.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dce-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a node's files are kept as files-N with what each process left", async () => {
  const host = new TestHost();
  const process = host.start(
    async (posix) => {
      await posix.print("to stdout\n");
      await posix.printError("to stderr\n");
      await posix.writeFile("/result.bin", Uint8Array.of(1, 2, 3));
      posix.syslog(6, "a line");
      return 3;
    },
    { argv: ["program", "argument"] },
  );
  await host.simulator.run();
  expect(exportTo(host.manager.node.fs, folder, 0)).toBe(join(folder, "files-0"));
  const log = join(folder, "files-0/var/log", String(process.pid));
  expect(readdirSync(log).toSorted()).toEqual(["cmdline", "status", "stderr", "stdout", "syslog"]);
  const text = (name: string) => readFileSync(join(log, name), "utf8");
  expect(text("stdout")).toBe("to stdout\n");
  expect(text("stderr")).toBe("to stderr\n");
  expect(text("cmdline")).toBe("program argument\n");
  expect(text("status")).toContain("Exit: exit 3\n");
  expect(text("syslog")).toContain("a line\n");
  expect([...readFileSync(join(folder, "files-0/result.bin"))]).toEqual([1, 2, 3]);
  expect(readdirSync(join(folder, "files-0"))).not.toContain("proc");
});

test("host files come in whole and are copied before a program changes them", () => {
  const { fs, root } = testFileSystem();
  const files = new FileAccess(fs);
  mkdirSync(join(folder, "in/deep"), { recursive: true });
  writeFileSync(join(folder, "in/deep/file"), "from the host");
  importHostFolder(fs, join(folder, "in"), "/data");
  importHostFile(fs, join(folder, "in/deep/file"), "/alone");
  expect(files.readText("/data/deep/file")).toBe("from the host");
  const file = fs.open(root, "/alone", 2, 0);
  if (typeof file === "number") throw new Error("not there");
  file.write(Uint8Array.of(0x46));
  expect(files.readText("/alone")).toBe("From the host");
  expect(readFileSync(join(folder, "in/deep/file"), "utf8")).toBe("from the host");
});

test("an exported link does not lead out of the node's tree", () => {
  const { fs, root } = testFileSystem();
  fs.symlink(root, "/etc/passwd", "/absolute");
  fs.symlink(root, "../../outside", "/upwards");
  exportTo(fs, folder, 4);
  expect(readFileSync(join(folder, "files-4/absolute"), "utf8")).toContain("symbolic link to");
  expect(readFileSync(join(folder, "files-4/upwards"), "utf8")).toContain("symbolic link to");
});
