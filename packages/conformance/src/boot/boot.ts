import type { ConformanceTest, Part } from "../conformance-test.ts";
import { notHere } from "../not-here.ts";
import { beforeBootTests } from "./before-boot.ts";
import { fileTests, mountTests } from "./files.ts";
import { lifeCycleTests } from "./life-cycle.ts";
import { taskTests } from "./tasks.ts";

const NO_MMU = "no MMU: wasm has one linear memory, and TypeScript has none";
const NO_DISK = "no block layer: LKL's disks are a non-goal";

const absent: readonly ConformanceTest[] = [
  notHere("kasan", "boot.c: the log has KASAN's KUnit results", "KASAN is not built"),
  notHere("shared_mmap", "boot.c: pages mapped twice have the same content", NO_MMU),
  notHere("private_mmap", "boot.c: private pages can be written and unmapped", NO_MMU),
  notHere("kunit_mmu", "boot.c: the log has lkl_mmu's KUnit results", NO_MMU),
  notHere("kunit_pci", "boot.c: the log has lkl_pci's KUnit results", "no PCI"),
  notHere("disk_add", "boot.c, before 2017: a disk is added", NO_DISK),
  notHere("mount_dev", "boot.c, before 2017: the disk is mounted", NO_DISK),
  notHere("chdir", "boot.c, before 2017: the mount point is entered", NO_DISK),
  notHere("opendir", "boot.c, before 2017: a folder of the disk is opened", NO_DISK),
  notHere("getdents64_disk", "boot.c, before 2017 (getdents64): the disk's entries", NO_DISK),
  notHere("umount_dev", "boot.c, before 2017: the disk is unmounted", NO_DISK),
];

export const bootPart: Part = {
  title: "boot.c",
  about:
    "LKL's tools/lkl/tests/boot.c, the list of the newest release and what older ones had more. Files, pipes, epoll and processes belong to the simulator, so these rows say the same for every kernel.",
  tests: [
    ...beforeBootTests,
    ...lifeCycleTests,
    ...taskTests,
    ...fileTests,
    ...mountTests,
    ...absent,
  ],
};
