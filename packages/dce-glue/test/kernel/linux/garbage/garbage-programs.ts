import { AF_INET, type Posix, SOCK_DGRAM, SOCK_STREAM } from "../../../../src/posix/index.ts";
import { SyscallError } from "../../../../src/posix/syscall-error.ts";

const MSEC = 1_000_000;

/** TCP that answers each octet, one connection after the other; UDP that answers each datagram. */
export async function server(posix: Posix): Promise<void> {
  const udp = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(udp, { address: "0.0.0.0", port: 9 });
  posix.createThread(async () => {
    const buffer = new Uint8Array(9000);
    for (;;) {
      await tolerating(async () => {
        const { length, address } = await posix.recvfrom(udp, buffer);
        if (address !== undefined) await posix.sendto(udp, buffer.subarray(0, length), address);
      });
    }
  });
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.setReuseAddress(listener, true);
  await posix.bind(listener, { address: "0.0.0.0", port: 80 });
  await posix.listen(listener, 4);
  const buffer = new Uint8Array(4096);
  for (;;) {
    const fd = await posix.accept(listener);
    await tolerating(async () => {
      await posix.setReceiveTimeout(fd, 200 * MSEC);
      await posix.setSendTimeout(fd, 200 * MSEC);
      for (;;) {
        const length = await posix.recv(fd, buffer, 0);
        if (length === 0) return;
        await posix.send(fd, buffer.subarray(0, length), 0x4000);
      }
    });
    await posix.close(fd);
  }
}

/** Talks to the server whose address is its argument, for ever. */
export async function client(posix: Posix): Promise<void> {
  const address = posix.argv[1] ?? "";
  const udp = await posix.socket(AF_INET, SOCK_DGRAM);
  posix.createThread(async () => {
    for (let size = 1; ; size = (size + 777) % 4000) {
      await tolerating(() => posix.sendto(udp, new Uint8Array(size), { address, port: 9 }));
      await tolerating(() => posix.recv(udp, new Uint8Array(10), 0x40));
      await posix.usleep(20_000);
    }
  });
  const buffer = new Uint8Array(4096);
  for (;;) {
    const fd = await posix.socket(AF_INET, SOCK_STREAM);
    await tolerating(async () => {
      await posix.setReceiveTimeout(fd, 100 * MSEC);
      await posix.setSendTimeout(fd, 500 * MSEC);
      await posix.connect(fd, { address, port: 80 });
      for (let i = 0; i < 10; i++) {
        await posix.send(fd, new Uint8Array(2000).fill(i), 0x4000);
        await posix.recv(fd, buffer);
      }
    });
    await posix.close(fd);
    await posix.usleep(50_000);
  }
}

/** Takes memory for sockets and what waits in them until there is none, and ends. */
export async function glutton(posix: Posix): Promise<void> {
  const sender = await posix.socket(AF_INET, SOCK_DGRAM);
  for (let port = 2000; port < 2200; port++) {
    const isOver = await tolerating(async () => {
      const fd = await posix.socket(AF_INET, SOCK_DGRAM);
      await posix.setReceiveBuffer(fd, 1_000_000);
      await posix.bind(fd, { address: "0.0.0.0", port });
    });
    if (isOver) break;
    for (let i = 0; i < 20; i++) {
      const to = { address: "127.0.0.1", port };
      await tolerating(() => posix.sendto(sender, new Uint8Array(50_000), to));
    }
  }
  await posix.usleep(2_000_000);
}

/** @returns whether it has failed */
async function tolerating(call: () => unknown): Promise<boolean> {
  try {
    await call();
    return false;
  } catch (error) {
    if (error instanceof SyscallError) return true;
    throw error;
  }
}
