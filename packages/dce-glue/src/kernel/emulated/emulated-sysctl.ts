import { Errno } from "@dcejs/lkl-kernel";
import type { NetStack, ProcNetFile } from "@dcejs/net-stack";
import type { SysctlTree } from "@dcejs/sysctl";
import type { FileCalls } from "../handle-parts.ts";
import type { SimSysFile, SimSysIterator } from "../kernel-objects.ts";
import { slashed } from "../kernel-sysctl.ts";
import type { Forwarders } from "./forwarders.ts";

/** A file of the sysctl tree. */
class EmulatedSysFile {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

const PROC_NET = [
  "arp",
  "dev",
  "icmp",
  "netstat",
  "raw",
  "route",
  "snmp",
  "sockstat",
  "tcp",
  "udp",
] as const satisfies readonly ProcNetFile[];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The parameters and /proc of the emulated kernel. */
export function emulatedSysctl(
  forwarders: Forwarders,
  tree: SysctlTree,
  net: () => NetStack,
): FileCalls {
  const write = (file: EmulatedSysFile, text: string): number => tree.set(file.path, text);
  return {
    sys_iterate_files: (iterator) => iterate(tree, iterator),
    sys_file_read: (file, buffer, size, offset) => {
      const value = tree.read(sysFile(file).path);
      if (typeof value === "number") return value;
      const bytes = encoder.encode(`${value}\n`).subarray(offset, offset + size);
      buffer.set(bytes);
      return bytes.length;
    },
    sys_file_write: (file, buffer, size, offset) => {
      // As proc_dointvec without sysctl_writes_strict: only a write from the start sets anything.
      if (offset > 0) return size;
      const text = decoder.decode(buffer.subarray(0, size)).replace(/\n$/, "");
      const result = forwarders.now(write, sysFile(file), text, 0, 0);
      return result < 0 ? result : size;
    },
    sys_file_find: (path) =>
      tree.has(`/proc/sys/${path}`) ? new EmulatedSysFile(path) : undefined,
    proc_read: (path) => {
      if (path.startsWith("/proc/sys/")) return procSysRead(tree, path);
      const name = procNetName(path);
      if (name === undefined) return isProcFolder(path) ? -Errno.EISDIR : -Errno.ENOENT;
      return forwarders.inEventContext(() => net().proc_net(name));
    },
    proc_list: (path) => {
      const folder = path.replace(/\/+$/, "");
      if (folder === "/proc/net") return [...PROC_NET];
      if (folder === "/proc/sys" || folder.startsWith("/proc/sys/"))
        return procSysList(tree, folder);
      return procNetName(path) === undefined ? -Errno.ENOENT : -Errno.ENOTDIR;
    },
  };
}

function isProcFolder(path: string): boolean {
  return path === "/proc/net" || path === "/proc/sys";
}

function procNetName(path: string): ProcNetFile | undefined {
  return PROC_NET.find((name) => path === `/proc/net/${name}`);
}

function procSysRead(tree: SysctlTree, path: string): string | number {
  if (!tree.has(path)) return tree.names(path) === undefined ? -Errno.ENOENT : -Errno.EISDIR;
  const value = tree.read(path);
  return typeof value === "number" ? value : `${value}\n`;
}

function procSysList(tree: SysctlTree, folder: string): string[] | number {
  const below = folder === "/proc/sys" ? "" : folder;
  const names = tree.names(below);
  if (names === undefined) return tree.has(below) ? -Errno.ENOTDIR : -Errno.ENOENT;
  return names.map((name) => (tree.has(`${folder}/${name}`) ? name : `${name}/`)).toSorted();
}

/** Depth first, in the order of the paths. */
function iterate(tree: SysctlTree, iterator: SimSysIterator): void {
  let open: string[] = [];
  for (const path of tree.list()) {
    const parts = slashed(path).split("/");
    const name = parts.pop() ?? "";
    let common = 0;
    while (common < open.length && common < parts.length && open[common] === parts[common])
      common++;
    for (let depth = open.length; depth > common; depth--) iterator.report_end_dir();
    for (const folder of parts.slice(common)) iterator.report_start_dir(folder);
    open = parts;
    iterator.report_file(name, tree.describe(path).mode, new EmulatedSysFile(path));
  }
  for (let depth = open.length; depth > 0; depth--) iterator.report_end_dir();
}

function sysFile(file: SimSysFile): EmulatedSysFile {
  if (file instanceof EmulatedSysFile) return file;
  throw new TypeError("not a sysctl file of this kernel");
}
