import type { Part } from "../conformance-test.ts";
import { notHere } from "../not-here.ts";

const REASON = "no block layer: LKL's disks are a non-goal";

/** Each step of disk.c, and the scripts around it. */
const TESTS: readonly (readonly [name: string, what: string])[] = [
  ["disk_add", "disk.c: a disk image is added"],
  ["start_kernel", "disk.c: the kernel starts with the disk"],
  ["mount_dev", "disk.c: its partition is mounted, as ext4, btrfs, vfat or xfs"],
  ["chdir_mnt_point", "disk.c: the mount point is entered"],
  ["opendir", "disk.c: the folder is opened"],
  ["readdir", "disk.c: its entries are read"],
  ["closedir", "disk.c: the folder is closed"],
  ["chdir_root", "disk.c: back to the root"],
  ["umount_dev", "disk.c: the partition is unmounted"],
  ["stop_kernel", "disk.c: the kernel stops"],
  ["disk_remove", "disk.c: the disk is removed"],
  ["disk-vfio-pci", "disk-vfio-pci.sh: the disk is an NVMe card"],
  ["lklfuse", "lklfuse.sh: the disk is mounted through FUSE"],
  ["cptofs", "cptofs.sh: files are copied into a disk image"],
];

export const diskPart: Part = {
  title: "disk.c",
  about: "LKL's tests of block devices. Nothing of them applies here; the rows say so.",
  tests: TESTS.map(([name, source]) => notHere(name, source, REASON)),
};
