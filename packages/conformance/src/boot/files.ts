import {
  F_SETPIPE_SZ,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  type Posix,
  POLLIN,
  POLLOUT,
  EPOLL_CTL_ADD,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails, holds, same } from "../expectation.ts";
import { MOUNTS } from "../features.ts";
import { completed } from "../testbed/completed.ts";

const TEXT = "test\0";
const PIPE_TEXT = "hello world!\n";
const PERMISSIONS = 0o721;

/** A test that is one program on one host. */
function program(
  name: string,
  source: string,
  main: (posix: Posix) => Promise<void>,
): ConformanceTest {
  return {
    name,
    source: `boot.c: ${source}`,
    run: (bed) => {
      bed.host("host").start(main);
      return bed.run();
    },
  };
}

/** LKL's tests begin with no descriptor at all, so that the first file is 0. */
async function createFile(posix: Posix): Promise<number> {
  posix.umask(0);
  for (const fd of [0, 1, 2]) await posix.close(fd);
  return posix.open("/file", O_CREAT | O_EXCL | O_RDWR, PERMISSIONS);
}

async function writtenFile(posix: Posix): Promise<number> {
  const fd = await createFile(posix);
  same(await posix.write(fd, TEXT), TEXT.length, "write");
  return fd;
}

/** The file system calls of boot.c; files are the simulator's, whatever the kernel is. */
export const fileTests: readonly ConformanceTest[] = [
  program("creat", "a new file gets descriptor 0", async (posix) => {
    same(await createFile(posix), 0, "descriptor");
  }),
  program("close", "closing descriptor 0 gives 0", async (posix) => {
    await createFile(posix);
    same(await posix.close(0), 0, "close");
    await fails("EBADF", () => posix.close(0), "a second close");
  }),
  program("failopen", "a file that is not there gives ENOENT", async (posix) => {
    await fails("ENOENT", () => posix.open("/file2", O_RDONLY), "open");
  }),
  program("open", "an existing file gets the lowest free descriptor again", async (posix) => {
    await posix.close(await createFile(posix));
    same(await posix.open("/file", O_RDWR), 0, "descriptor");
  }),
  program("write", "five octets are taken", async (posix) => {
    await writtenFile(posix);
  }),
  program("lseek_cur", "the offset stands behind what was written", async (posix) => {
    same(await posix.lseek(await writtenFile(posix), 0, SEEK_CUR), 5, "offset");
  }),
  program("lseek_end", "the end is behind what was written", async (posix) => {
    same(await posix.lseek(await writtenFile(posix), 0, SEEK_END), 5, "offset");
  }),
  program("lseek_set", "the offset goes back to the start", async (posix) => {
    same(await posix.lseek(await writtenFile(posix), 0, SEEK_SET), 0, "offset");
  }),
  program("read", "what was written is read, and no more", async (posix) => {
    const fd = await writtenFile(posix);
    await posix.lseek(fd, 0, SEEK_SET);
    const buffer = new Uint8Array(10);
    same(await posix.read(fd, buffer), 5, "octets");
    same(new TextDecoder().decode(buffer.subarray(0, 5)), TEXT, "text");
  }),
  program("fstat", "size and mode are those of the file", async (posix) => {
    const { size, mode } = await posix.fstat(await writtenFile(posix));
    same({ size, mode }, { size: 5, mode: S_IFREG | PERMISSIONS }, "stat");
  }),
  program("mkdir", "a folder is made", async (posix) => {
    posix.umask(0);
    same(await posix.mkdir("/folder", PERMISSIONS), 0, "mkdir");
  }),
  program("stat", "a folder has the mode it was made with", async (posix) => {
    posix.umask(0);
    await posix.mkdir("/folder", PERMISSIONS);
    same((await posix.stat("/folder")).mode, S_IFDIR | PERMISSIONS, "mode");
  }),
  program("pipe2", "what goes in comes out, without waiting", async (posix) => {
    const [reading, writing] = await posix.pipe2(O_NONBLOCK);
    same(await posix.write(writing, PIPE_TEXT), PIPE_TEXT.length, "write");
    const buffer = new Uint8Array(PIPE_TEXT.length);
    same(await posix.read(reading, buffer), PIPE_TEXT.length, "read");
    same(new TextDecoder().decode(buffer), PIPE_TEXT, "text");
    await fails("EAGAIN", () => posix.read(reading, buffer), "reading an empty pipe");
    same([await posix.close(reading), await posix.close(writing)], [0, 0], "close");
  }),
  program("epoll", "the read end of a pipe is ready when there is something", async (posix) => {
    const [reading, writing] = await posix.pipe2(O_NONBLOCK);
    const epoll = await posix.epollCreate();
    await posix.epollCtl(epoll, EPOLL_CTL_ADD, reading, { events: POLLIN | POLLOUT });
    same(await posix.epollWait(epoll, 1, 0), [], "events of an empty pipe");
    await posix.write(writing, PIPE_TEXT);
    same(await posix.epollWait(epoll, 1, 0), [{ events: POLLIN, data: reading }], "events");
  }),
  program("chdir_proc", "/proc can be entered", async (posix) => {
    same(await posix.chdir("/proc"), 0, "chdir");
    same(posix.getcwd(), "/proc", "where one is");
  }),
  program("open_cwd", "the folder where one is can be opened", async (posix) => {
    await posix.chdir("/proc");
    const fd = await posix.open(".", O_RDONLY | O_DIRECTORY);
    same((await posix.fstat(fd)).mode & S_IFMT, S_IFDIR, "kind");
  }),
  program("getdents64", "the entries of /proc can be walked", async (posix) => {
    await posix.chdir("/proc");
    const names = posix.readdir(".");
    holds(
      names.includes("self") && names.includes("sys"),
      `self and sys are among ${names.join(" ")}`,
    );
  }),
  program("close_dir_fd", "a folder's descriptor is closed", async (posix) => {
    same(await posix.close(await posix.open("/proc", O_RDONLY | O_DIRECTORY)), 0, "close");
  }),
  program("chdir_root", "and back to the root", async (posix) => {
    await posix.chdir("/proc");
    same(await posix.chdir("/"), 0, "chdir");
    same(posix.getcwd(), "/", "where one is");
  }),
  program(
    "syscall_thread",
    "a thread that blocks in write goes on when another one reads",
    async (posix) => {
      const [reading, writing] = await posix.pipe2(0);
      same(await posix.fcntl(writing, F_SETPIPE_SZ, 1), 4096, "the smallest pipe");
      let got = 0;
      const reader = posix.createThread(async () => {
        got = await posix.read(reading, new Uint8Array(4097));
      });
      same(await posix.write(writing, new Uint8Array(4097)), 4097, "write");
      await posix.join(reader);
      holds(got > 0 && got <= 4096, `the thread has read ${got} octets`);
    },
  ),
];

/** mount and umount go to the kernel itself. */
export const mountTests: readonly ConformanceTest[] = [
  {
    name: "mount_fs_proc",
    source: "boot.c: lkl_mount_fs(proc) gives 0",
    needs: [MOUNTS],
    run: async (bed) => {
      const host = bed.host("host");
      host.kernelTask("mount", function* () {
        same(yield* completed(host.kernel.dce_lkl_mount_fs("proc")), 0, "lkl_mount_fs");
      });
      await bed.run();
    },
  },
  {
    name: "umount_fs_proc",
    source: "boot.c: lkl_umount_timeout(proc) gives 0",
    needs: [MOUNTS],
    run: async (bed) => {
      const host = bed.host("host");
      host.kernelTask("umount", function* () {
        same(yield* completed(host.kernel.dce_lkl_mount_fs("proc")), 0, "lkl_mount_fs");
        const status = yield* completed(host.kernel.dce_lkl_umount_timeout("proc", 0, 1000));
        same(status, 0, "lkl_umount_timeout");
      });
      await bed.run();
    },
  },
];
