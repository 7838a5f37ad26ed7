import { Errno } from "@dcejs/lkl-kernel";
import type { LklHelpers } from "../lkl-helpers.ts";
import type { LinuxCalls } from "./linux-calls.ts";
import { type DirectoryEntry, LinuxFiles } from "./linux-files.ts";
import { NR } from "./linux-syscall-numbers.ts";

type FileHelpers = Pick<
  LklHelpers,
  | "dce_lkl_mount_fs"
  | "dce_lkl_umount_timeout"
  | "dce_lkl_opendir"
  | "dce_lkl_fdopendir"
  | "dce_lkl_readdir"
  | "dce_lkl_rewinddir"
  | "dce_lkl_closedir"
  | "dce_lkl_errdir"
  | "dce_lkl_dirfd"
>;

const AT_FDCWD = -100;
const MOUNT_POINT_MODE = 0o755;

const encoder = new TextEncoder();

/** An open folder of the kernel's own files. */
class LinuxDirectory {
  readonly fd: number;
  /** @returns its entries, or -errno */
  readonly #list: () => DirectoryEntry[] | number;
  #entries: readonly DirectoryEntry[] | undefined;
  #next = 0;
  #error = 0;

  constructor(fd: number, list: () => DirectoryEntry[] | number) {
    this.fd = fd;
    this.#list = list;
  }

  /** -errno of the last readdir. */
  get error(): number {
    return this.#error;
  }

  /** @returns undefined at the end, and after an error */
  read(): string | undefined {
    if (this.#entries === undefined) {
      const entries = this.#list();
      this.#error = typeof entries === "number" ? entries : 0;
      if (typeof entries === "number") return undefined;
      this.#entries = entries;
    }
    return this.#entries[this.#next++]?.name;
  }

  rewind(): void {
    this.#entries = undefined;
    this.#next = 0;
    this.#error = 0;
  }
}

function directoryOf(directory: object): LinuxDirectory {
  if (directory instanceof LinuxDirectory) return directory;
  throw new TypeError("not a directory of this kernel");
}

/** Mounts and folders of the kernel's own file system, in the name of pid 1, which never waits for them. */
export function linuxLklFiles(calls: () => LinuxCalls): FileHelpers {
  const files = new LinuxFiles(calls);
  const open = (fd: number, directory: { value: object | undefined }): number => {
    if (fd < 0) return fd;
    directory.value = new LinuxDirectory(fd, () => files.listOpen(fd));
    return 0;
  };
  return {
    dce_lkl_mount_fs: (type) => mount(calls(), type),
    dce_lkl_umount_timeout: (path, flags) =>
      withPath(calls(), path, (room) => calls().serve(NR.umount2, room, flags)),
    dce_lkl_opendir: (path, directory) => open(files.openFolder(path), directory),
    dce_lkl_fdopendir: (fd, directory) => open(fd, directory),
    dce_lkl_readdir: (directory, name) => {
      name.value = directoryOf(directory).read();
      return directoryOf(directory).error;
    },
    dce_lkl_rewinddir: (directory) => {
      directoryOf(directory).rewind();
      return 0;
    },
    dce_lkl_closedir: (directory) => calls().serve(NR.close, directoryOf(directory).fd),
    dce_lkl_errdir: (directory) => directoryOf(directory).error,
    dce_lkl_dirfd: (directory) => directoryOf(directory).fd,
  };
}

/** lkl_mount_fs: at /<type>. */
function mount(calls: LinuxCalls, type: string): number {
  return withPath(calls, `/${type}`, (room) => {
    const made = calls.serve(NR.mkdirat, AT_FDCWD, room, MOUNT_POINT_MODE);
    if (made < 0 && made !== -Errno.EEXIST) return made;
    return calls.serve(NR.mount, room + 1, room, room + 1, 0, 0);
  });
}

function withPath(calls: LinuxCalls, path: string, use: (room: number) => number): number {
  const bytes = encoder.encode(`${path}\0`);
  const room = calls.service.data(bytes.length);
  calls.kernel.machine.u8.set(bytes, room);
  return use(room);
}
